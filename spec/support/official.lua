-- The official specification files, where they lie beside the project.

local cjson = require "cjson"

local M = {}

---Directory of the specification files: PORTONE_SPEC, or ../shared/spec.
---@return string? dir nil when they are not there
function M.dir()
  for _, dir in ipairs { os.getenv("PORTONE_SPEC") or "../shared/spec" } do
    local f = io.open(dir .. "/v2.openapi.json")
    if f then
      f:close()
      return dir
    end
  end
end

---One of them, decoded.
---@param version "v1"|"v2"
---@return table? spec
function M.read(version)
  local dir = M.dir()
  if not dir then return nil end
  local f = assert(io.open(dir .. "/" .. version .. ".openapi.json", "rb"))
  local text = f:read("*a")
  f:close()
  return cjson.decode(text)
end

---Every operation: "GET /payments" to its description.
---@param spec table
---@return table<string, table>
function M.operations(spec)
  local all = {}
  for path, methods in pairs(spec.paths) do
    for method, operation in pairs(methods) do all[method:upper() .. " " .. path] = operation end
  end
  return all
end

return M
