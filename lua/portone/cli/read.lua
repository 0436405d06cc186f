-- SPDX-License-Identifier: MIT
-- Reads what a command is given as the name of a file.

---@param path string  "-" is the standard input
---@return string? text
---@return string? why
return function(path)
  local file, why = io.stdin, nil
  if path ~= "-" then
    file, why = io.open(path, "rb")
  end
  local text = file and file:read("*a")
  if file and path ~= "-" then
    file:close()
  end
  return text, why or path .. ": cannot be read"
end
