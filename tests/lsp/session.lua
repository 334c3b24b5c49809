-- One session of Neovim with the language server: prints as JSON what a user would see.
local file, encoding, program = arg[1], arg[2], { unpack(arg, 3) }
vim.cmd("silent edit " .. vim.fn.fnameescape(file))
local buffer = vim.api.nvim_get_current_buf()
local found = {}

local function wait(what, holds)
  if not vim.wait(60000, holds, 10) then
    io.stderr:write("nothing happened: " .. what .. "\n")
    vim.cmd("cquit 3")
  end
end

local function shown()
  local lines = {}
  for _, each in ipairs(vim.diagnostic.get(buffer)) do
    local text = vim.api.nvim_buf_get_text(buffer, each.lnum, each.col, each.end_lnum, each.end_col, {})
    table.insert(lines, each.code .. " " .. table.concat(text, "\n"))
  end
  table.sort(lines)
  return lines
end

local function put_cursor_on(word)
  vim.fn.cursor(1, 1)
  vim.fn.search("\\V" .. word)
end

local capabilities = vim.lsp.protocol.make_client_capabilities()
capabilities.general.positionEncodings = { "utf-16", encoding }
vim.lsp.start({
  name = "promptops",
  cmd = program,
  root_dir = vim.fs.dirname(file),
  capabilities = capabilities,
})
wait("diagnostics", function() return #vim.diagnostic.get(buffer) > 0 end)
found.encoding = vim.lsp.get_clients()[1].offset_encoding
found.shown = shown()

put_cursor_on("tikcet")
local here = vim.lsp.util.make_position_params(0)
local answers = vim.lsp.buf_request_sync(buffer, "textDocument/hover", here, 60000)
for _, answer in pairs(answers or {}) do
  found.hover = answer.result and answer.result.contents.value or vim.inspect(answer)
end

put_cursor_on("no]")
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action) return action.isPreferred end,
})
wait("the fix", function() return vim.fn.search('"no"', "nw") > 0 end)
wait("fewer diagnostics", function() return #vim.diagnostic.get(buffer) < #found.shown end)
found.left = shown()

vim.cmd("silent write")
found.text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
io.stdout:write(vim.json.encode(found))
vim.lsp.stop_client(vim.lsp.get_clients())
wait("the end of the server", function() return #vim.lsp.get_clients() == 0 end)
