-- What Neovim shows in a prompt: prints completion, lenses, hints, colours, a preview and a rename.
local file, program = arg[1], { unpack(arg, 2) }
vim.cmd("silent edit " .. vim.fn.fnameescape(file))
local buffer = vim.api.nvim_get_current_buf()
local found = { words = {}, lenses = {}, hints = {}, colours = {}, renames = {} }

local function wait(what, holds)
  if not vim.wait(60000, holds, 10) then
    io.stderr:write("nothing happened: " .. what .. "\n")
    vim.cmd("cquit 3")
  end
end

local function answer(method, params)
  for _, each in pairs(vim.lsp.buf_request_sync(buffer, method, params, 60000) or {}) do
    return each.result
  end
end

vim.lsp.start({
  name = "promptops",
  cmd = program,
  root_dir = vim.fs.dirname(file),
  init_options = { previews = true },
})
wait("diagnostics", function() return #vim.diagnostic.get(buffer) > 0 end)
local client = vim.lsp.get_clients()[1]
local own = { textDocument = vim.lsp.util.make_text_document_params(buffer) }

vim.fn.search("{{ ques")
vim.fn.cursor(vim.fn.line("."), vim.fn.col(".") + 7)
local offered = answer("textDocument/completion", vim.lsp.util.make_position_params(0))
for _, item in ipairs(offered.items or offered) do
  table.insert(found.words, item.label)
end

vim.lsp.codelens.refresh({ bufnr = buffer })
wait("lenses", function() return #vim.lsp.codelens.get(buffer) > 0 end)
for _, lens in ipairs(vim.lsp.codelens.get(buffer)) do
  table.insert(found.lenses, lens.range.start.line .. " " .. lens.command.title)
end

vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
wait("hints", function() return #vim.lsp.inlay_hint.get({ bufnr = buffer }) > 0 end)
for _, hint in ipairs(vim.lsp.inlay_hint.get({ bufnr = buffer })) do
  table.insert(found.hints, hint.inlay_hint.position.line .. " " .. hint.inlay_hint.label)
end

local legend = client.server_capabilities.semanticTokensProvider.legend.tokenTypes
local numbers = answer("textDocument/semanticTokens/full", own).data
for at = 1, #numbers, 5 do
  table.insert(found.colours, legend[numbers[at + 3] + 1])
end

local argument = { uri = own.textDocument.uri, case = "one" }
found.preview = answer("workspace/executeCommand", { command = "promptops.preview", arguments = { argument } })

local target = own.textDocument.uri:gsub("ask", "answer")
local edit = answer("workspace/willRenameFiles", { files = { { oldUri = own.textDocument.uri, newUri = target } } })
for _, change in ipairs(edit.documentChanges) do
  table.insert(found.renames, change.kind or change.edits[1].newText)
end

io.stdout:write(vim.json.encode(found))
vim.lsp.inlay_hint.enable(false)
vim.lsp.stop_client(vim.lsp.get_clients())
wait("the end of the server", function() return #vim.lsp.get_clients() == 0 end)
