-- One session of Neovim with the language server: prints as JSON what a user would see.
local user = dofile(vim.fs.dirname(arg[0]) .. "/user.lua")
local file, encoding, program = arg[1], arg[2], { unpack(arg, 3) }
local capabilities = vim.lsp.protocol.make_client_capabilities()
capabilities.general.positionEncodings = { "utf-16", encoding }
local buffer = user.open(file, program, { capabilities = capabilities })
local found = {}

local function shown()
  local lines = {}
  for _, each in ipairs(vim.diagnostic.get(buffer)) do
    local text = vim.api.nvim_buf_get_text(buffer, each.lnum, each.col, each.end_lnum, each.end_col, {})
    table.insert(lines, each.code .. " " .. table.concat(text, "\n"))
  end
  table.sort(lines)
  return lines
end

found.encoding = vim.lsp.get_clients()[1].offset_encoding
found.shown = shown()

user.put_cursor_on("tikcet")
local hover = user.answer("textDocument/hover", vim.lsp.util.make_position_params(0))
found.hover = hover and hover.contents.value or ""

user.put_cursor_on("no]")
vim.lsp.buf.code_action({
  apply = true,
  filter = function(action) return action.isPreferred end,
})
user.wait("the fix", function() return vim.fn.search('"no"', "nw") > 0 end)
user.wait("fewer diagnostics", function() return #vim.diagnostic.get(buffer) < #found.shown end)
found.left = shown()

vim.cmd("silent write")
found.text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
user.leave(found)
