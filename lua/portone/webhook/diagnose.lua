-- SPDX-License-Identifier: MIT
-- Why a signature does not match, as far as it can be told. What is tried here only ever
-- explains a refusal: nothing that matches here is let through.
--
-- Some causes can be proven, by undoing what a middleware is known to do to a body and
-- looking whether the signature matches then; others can only be guessed from the looks.

local M = {}

-- Above this the trials would cost more than the answer is worth.
local MAX_BODY = 16384

-- Takes the white space between the tokens of a JSON text away.
local function compact(text)
  local out, from = {}, 1
  while true do
    local quote = text:find('"', from, true)
    out[#out + 1] = text:sub(from, (quote or #text + 1) - 1):gsub("%s+", "")
    if not quote then
      return table.concat(out)
    end
    local at = quote + 1
    repeat
      local stop = text:find('["\\]', at)
      at = (stop or #text) + (stop and text:sub(stop, stop) == "\\" and 2 or 1)
    until not stop or text:sub(stop, stop) == '"'
    out[#out + 1] = text:sub(quote, at - 1)
    from = at
  end
end

-- What to undo, and what it would prove.
local undo = {
  { function(s) return (s:gsub("%s+$", "")) end,
    "white space was added to the end of the body" },
  { function(s) return s .. "\n" end,
    "a line end was cut off the end of the body" },
  { function(s) return (s:gsub("^\239\187\191", "")) end,
    "a byte order mark was put before the body" },
  { function(s) return (s:gsub("\r\n", "\n")) end,
    "line ends of the body were changed" },
  { function(s) return (s:gsub("\\/", "/")) end,
    "the body was decoded and encoded again (slashes are escaped now)" },
  { compact,
    "the body was decoded and encoded again (white space between its parts)" },
  { function(s) return compact((s:gsub("\\/", "/"))) end,
    "the body was decoded and encoded again" },
}

local RAW = ": verify the raw bytes of the request, before any parser has touched them"

local function proven(body, matches)
  if #body > MAX_BODY then
    return nil
  end
  for _, step in ipairs(undo) do
    local changed = step[1](body)
    if changed ~= body and matches(changed) then
      return step[2] .. RAW
    end
  end
end

-- Something about the headers alone.
local function headers(id, signature)
  if id:find(",", 1, true) then
    return "webhook-id holds a comma: a proxy may have joined two headers"
  end
  local versions, usable = {}, false
  for entry in signature:gmatch("%S+") do
    local version, mac = entry:match("^([^,]*),(.*)$")
    usable = usable or version == "v1" and #mac >= 43 and #mac <= 44
    versions[#versions + 1] = (version or "none"):sub(1, 8):gsub("[^%w]", "?")
  end
  if not usable then
    local seen = table.concat(versions, " ", 1, math.min(#versions, 8))
    return ("webhook-signature has no v1 entry of 44 characters (versions seen: %s)"):format(seen)
  end
end

-- How something looks that somebody gave for a webhook secret.
local lookalikes = {
  { "^store%-", "a store ID" }, { "^channel%-key%-", "a channel key" },
  { "^imp%d+$", "a V1 user code" }, { "^billing%-key%-", "a billing key" },
  { "^PortOne ", "an Authorization header" }, { "^https?://", "a URL" },
}

local function lookalike(secret)
  for _, row in ipairs(lookalikes) do
    if secret:find(row[1]) then
      return "looks like " .. row[2]
    end
  end
end

---Why a text cannot be a webhook secret, or nil. Never repeats the text.
---@param secret string
---@return string?
function M.secret(secret)
  if secret:find("%S") == nil then
    return "is empty"
  end
  if lookalike(secret) then
    return lookalike(secret)
  elseif secret:find("^%s") or secret:find("%s$") then
    return "has white space around it (a line end of a file or variable?)"
  end
  if secret:find("%s") then
    return "has white space in it"
  end
  return "is not base64"
end

-- What can be guessed about secrets that decode but do not match.
local function secrets(list)
  for i, secret in ipairs(list) do
    local looks = type(secret) == "string" and lookalike(secret)
    if looks then
      return ("secret %d %s"):format(i, looks)
    elseif type(secret) == "string" and secret:sub(1, 6) ~= "whsec_" and #secret >= 80 then
      return ("secret %d has %d characters and no whsec_: is it an API secret?"):format(i, #secret)
    end
  end
end

-- Signs of a body that is not what was sent, without proof.
local function body_looks(body)
  if body:find("^{%s") or body:find('":%s') then
    return "the body has white space between its parts: was it decoded and encoded again?"
  elseif body:find("\\/", 1, true) then
    return "the body has escaped slashes: was it decoded and encoded again?"
  end
end

---Why no signature matches.
---@param w { id: string, signature: string, body: string, secrets: any[], matches: function }
---@return string
function M.signature(w)
  return headers(w.id, w.signature) or proven(w.body, w.matches) or secrets(w.secrets)
    or body_looks(w.body)
    or "signed with another secret (LIVE and TEST have their own, rotation leaves two), or changed"
end

---Why a request has no signature headers.
---@param body? string
---@return string?
function M.unsigned(body)
  if body and (body:find('"imp_uid"', 1, true) or body:find("imp_uid=", 1, true)) then
    return "the body is a V1 notification, which is never signed: use webhook.v1"
  end
end

return M
