-- What a user of Neovim does with one file; the scripts beside this one say in which order.
local user = {}

-- Wait until something holds; Neovim ends with the exit code 3 if it never does.
function user.wait(what, holds)
  if not vim.wait(60000, holds, 10) then
    io.stderr:write("nothing happened: " .. what .. "\n")
    vim.cmd("cquit 3")
  end
end

-- Open a file, start the server for it, and wait for diagnostics; returns the buffer.
function user.open(file, program, options)
  vim.cmd("silent edit " .. vim.fn.fnameescape(file))
  user.buffer = vim.api.nvim_get_current_buf()
  local config = { name = "promptops", cmd = program, root_dir = vim.fs.dirname(file) }
  vim.lsp.start(vim.tbl_extend("error", config, options or {}))
  user.wait("diagnostics", function() return #vim.diagnostic.get(user.buffer) > 0 end)
  return user.buffer
end

function user.put_cursor_on(word)
  vim.fn.cursor(1, 1)
  vim.fn.search("\\V" .. word)
end

-- The server's answer to a request.
function user.answer(method, params)
  for _, each in pairs(vim.lsp.buf_request_sync(user.buffer, method, params, 60000) or {}) do
    return each.result
  end
end

-- Print what was found as JSON, and wait for the end of the server.
function user.leave(found)
  io.stdout:write(vim.json.encode(found))
  vim.lsp.stop_client(vim.lsp.get_clients())
  user.wait("the end of the server", function() return #vim.lsp.get_clients() == 0 end)
end

return user
