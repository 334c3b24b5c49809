-- Neovim follows and renames names: prints as JSON what a user would see, and writes the files.
local file, program = arg[1], { unpack(arg, 2) }
vim.o.hidden = true
vim.cmd("silent edit " .. vim.fn.fnameescape(file))
local buffer = vim.api.nvim_get_current_buf()
local found = { names = {}, folds = {}, symbols = {} }

local function wait(what, holds)
  if not vim.wait(60000, holds, 10) then
    io.stderr:write("nothing happened: " .. what .. "\n")
    vim.cmd("cquit 3")
  end
end

local function put_cursor_on(word)
  vim.fn.cursor(1, 1)
  vim.fn.search("\\V" .. word)
end

local function answer(method, params)
  for _, each in pairs(vim.lsp.buf_request_sync(buffer, method, params, 60000) or {}) do
    return each.result
  end
end

vim.lsp.start({ name = "promptops", cmd = program, root_dir = vim.fs.dirname(file) })
wait("diagnostics", function() return #vim.diagnostic.get(buffer) > 0 end)
local own = { textDocument = vim.lsp.util.make_text_document_params(buffer) }

for _, word in ipairs({ "words = ticket", "quoted(text", "partials/shared" }) do
  put_cursor_on(word)
  local here = vim.lsp.util.make_position_params(0)
  local location = answer("textDocument/definition", here)[1]
  local start = location.range.start
  table.insert(found.names, location.uri:match("prompts/.*") .. ":" .. start.line .. ":" .. start.character)
end
for _, each in ipairs(answer("textDocument/documentSymbol", own)) do
  table.insert(found.symbols, each.name)
end
for _, each in ipairs(answer("textDocument/foldingRange", own)) do
  table.insert(found.folds, each.startLine .. "-" .. each.endLine)
end

put_cursor_on("product }}")
local references = vim.lsp.util.make_position_params(0)
references.context = { includeDeclaration = true }
found.references = #answer("textDocument/references", references)
found.highlights = #answer("textDocument/documentHighlight", references)
vim.lsp.buf.rename("article")
wait("the rename", function() return vim.fn.search("article: {type", "nw") > 0 end)
vim.cmd("silent wall")
io.stdout:write(vim.json.encode(found))
vim.lsp.stop_client(vim.lsp.get_clients())
wait("the end of the server", function() return #vim.lsp.get_clients() == 0 end)
