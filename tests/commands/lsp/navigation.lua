-- Neovim follows and renames names: prints as JSON what a user would see, and writes the files.
local user = dofile(vim.fs.dirname(arg[0]) .. "/user.lua")
local file, program = arg[1], { unpack(arg, 2) }
vim.o.hidden = true
local buffer = user.open(file, program)
local found = { names = {}, folds = {}, symbols = {} }

local own = { textDocument = vim.lsp.util.make_text_document_params(buffer) }

for _, word in ipairs({ "words = ticket", "quoted(text", "partials/shared" }) do
  user.put_cursor_on(word)
  local here = vim.lsp.util.make_position_params(0)
  local location = user.answer("textDocument/definition", here)[1]
  local start = location.range.start
  table.insert(found.names, location.uri:match("prompts/.*") .. ":" .. start.line .. ":" .. start.character)
end
for _, each in ipairs(user.answer("textDocument/documentSymbol", own)) do
  table.insert(found.symbols, each.name)
end
for _, each in ipairs(user.answer("textDocument/foldingRange", own)) do
  table.insert(found.folds, each.startLine .. "-" .. each.endLine)
end

user.put_cursor_on("product }}")
local references = vim.lsp.util.make_position_params(0)
references.context = { includeDeclaration = true }
found.references = #user.answer("textDocument/references", references)
found.highlights = #user.answer("textDocument/documentHighlight", references)
vim.lsp.buf.rename("article")
user.wait("the rename", function() return vim.fn.search("article: {type", "nw") > 0 end)
vim.cmd("silent wall")
user.leave(found)
