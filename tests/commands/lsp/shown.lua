-- What Neovim shows in a prompt: prints completion, lenses, hints, colours, a preview and a rename.
local user = dofile(vim.fs.dirname(arg[0]) .. "/user.lua")
local file, program = arg[1], { unpack(arg, 2) }
local buffer = user.open(file, program, { init_options = { previews = true } })
local found = { words = {}, lenses = {}, hints = {}, colours = {}, renames = {} }

local client = vim.lsp.get_clients()[1]
local own = { textDocument = vim.lsp.util.make_text_document_params(buffer) }

vim.fn.search("{{ ques")
vim.fn.cursor(vim.fn.line("."), vim.fn.col(".") + 7)
local offered = user.answer("textDocument/completion", vim.lsp.util.make_position_params(0))
for _, item in ipairs(offered.items or offered) do
  table.insert(found.words, item.label)
end

vim.lsp.codelens.refresh({ bufnr = buffer })
user.wait("lenses", function() return #vim.lsp.codelens.get(buffer) > 0 end)
for _, lens in ipairs(vim.lsp.codelens.get(buffer)) do
  table.insert(found.lenses, lens.range.start.line .. " " .. lens.command.title)
end

vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
user.wait("hints", function() return #vim.lsp.inlay_hint.get({ bufnr = buffer }) > 0 end)
for _, hint in ipairs(vim.lsp.inlay_hint.get({ bufnr = buffer })) do
  table.insert(found.hints, hint.inlay_hint.position.line .. " " .. hint.inlay_hint.label)
end

local legend = client.server_capabilities.semanticTokensProvider.legend.tokenTypes
local numbers = user.answer("textDocument/semanticTokens/full", own).data
for at = 1, #numbers, 5 do
  table.insert(found.colours, legend[numbers[at + 3] + 1])
end

local function preview(argument)
  argument.uri = own.textDocument.uri
  return user.answer("workspace/executeCommand", { command = "promptops.preview", arguments = { argument } })
end
local shown = preview({ case = "one" })
local wrong = shown.messages[1].error
found.preview = { case = shown.case, cases = shown.cases }
found.preview.error = ("%s at %s:%d:%d"):format(wrong.message, wrong.place.path, wrong.place.line, wrong.place.column)
vim.cmd([[%s/qest/quest/]])
local typed = preview({ inputs = { question = "how", quest = "me" } })
found.preview.typed = vim.iter(typed.messages[1].pieces):map(function(piece) return piece.text end):join("")

local target = own.textDocument.uri:gsub("ask", "answer")
local edit = user.answer("workspace/willRenameFiles", { files = { { oldUri = own.textDocument.uri, newUri = target } } })
for _, change in ipairs(edit.documentChanges) do
  table.insert(found.renames, change.kind or change.edits[1].newText)
end

vim.lsp.inlay_hint.enable(false)
user.leave(found)
