-- SPDX-License-Identifier: MIT
-- A request as nginx has it, and the answer to it. Nothing of the request goes into a log
-- but what the error objects say of it, and those repeat no secret.

-- luacheck: globals ngx

local json = require "portone.json"

local M = {}

-- nginx keeps a body above client_body_buffer_size in a file.
local function read_file(path, max)
  local file, problem = io.open(path, "rb")
  if not file then
    return nil, 500, "cannot read the body that nginx spilled to disk: " .. tostring(problem)
  end
  local size = file:seek("end")
  if size > max then
    file:close()
    return nil, 413, ("the body has %d bytes, %d at most"):format(size, max)
  end
  file:seek("set")
  local body = file:read(size)
  file:close()
  return body or ""
end

local function too_large(size, max)
  return nil, 413, ("the body has %s bytes, %d at most"):format(size, max)
end

-- The whole body; or nil, status, reason.
local function read_body(max)
  local announced = tonumber(ngx.var.http_content_length)
  if announced and announced > max then
    return too_large(("%.0f"):format(announced), max)
  end
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then
    if #body > max then
      return too_large(#body, max)
    end
    return body
  end
  local path = ngx.req.get_body_file()
  if path then
    return read_file(path, max)
  end
  return ""
end

---The request that runs now.
---@param max integer  bytes of the body
---@return { body: string, headers: table }?
---@return integer? status  to answer with
---@return string? reason   for the log
function M.read(max)
  if ngx.req.get_method() ~= "POST" then
    ngx.header["Allow"] = "POST"
    return nil, 405, "the method is not POST"
  end
  local headers, problem = ngx.req.get_headers(100)
  if problem == "truncated" then
    return nil, 400, "the request has more than 100 headers"
  end
  local body, status, reason = read_body(max)
  if not body then
    return nil, status, reason
  end
  return { body = body, headers = headers }
end

---Is one of the signature's headers there?
---@param headers table
---@return boolean
function M.is_signed(headers)
  return headers["webhook-signature"] ~= nil or headers["webhook-id"] ~= nil
    or headers["webhook-timestamp"] ~= nil
end

---Answers the request.
---@param status integer
---@param fields? table  sent as a JSON object
---@return integer status
function M.answer(status, fields)
  ngx.status = status
  local kind, body = "text/plain", status == 200 and "ok\n" or "refused\n"
  if fields then
    kind, body = "application/json; charset=utf-8", json.encode(fields) or "{}"
  end
  ngx.header["Content-Type"] = kind
  ngx.header["Content-Length"] = #body
  ngx.header["Cache-Control"] = "no-store"
  ngx.print(body)
  return status
end

-- An error of the webhook module says its reason once; other texts go on one line.
local function line(why)
  if type(why) == "table" and why.reason then
    why = why.type .. ": " .. why.reason .. (why.diagnosis and "; " .. why.diagnosis or "")
  end
  return (tostring(why):gsub("%c+", " "))
end

---What went wrong, for the operator.
---@param what string
---@param why any
function M.log(what, why)
  ngx.log(ngx.WARN, "portone: ", what, ": ", line(why))
end

return M
