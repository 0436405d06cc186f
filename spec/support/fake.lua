-- A host (see portone.loop) that sends nothing: it records what would go out and answers
-- from a list. For what is decided before and after the wire; the wire itself has specs
-- with real sockets.

local M = {}

---@param answers table  each { status, body[, headers] } or { fault = { code, message, sent } }
---@return table host  with `sent`: { method, url, headers = { name = value }, body, timeout }
function M.host(answers)
  local host = { name = "fake", sent = {} }

  function host.perform(_, method, url, headers, body, timeout)
    local named = {}
    for _, line in ipairs(headers) do
      local name, value = line:match("^([^:]+): (.*)$")
      named[name] = value
    end
    host.sent[#host.sent + 1] =
      { method = method, url = url, headers = named, body = body, timeout = timeout }
    local answer = answers[#host.sent] or answers[#answers]
    if type(answer) == "function" then
      answer = answer(host.sent[#host.sent])
    end
    host.time = host.time + (answer.takes or 0.5)
    if answer.fault then
      return nil, answer.fault[1], answer.fault[2], answer.fault[3], answer.takes or 0.5
    end
    return answer[1], answer[2], answer[3] or "", answer.takes or 0.5
  end

  -- time passes only by sleeping and by exchanges
  host.time, host.slept = 0, {}

  function host.now()
    return host.time
  end

  function host.sleep(seconds)
    host.time = host.time + seconds
    host.slept[#host.slept + 1] = seconds
  end

  function host.once(_, fn)
    return fn()
  end

  return host
end

---A client on such a host, with keys for both API generations.
---@param answers table
---@param opts? table  more client options
---@return table client, table host
function M.client(answers, opts)
  local host = M.host(answers)
  local options = {
    loop = host, api_secret = "v2-api-secret-0123456789", base_url = "http://127.0.0.1:1",
    v1_base_url = "http://127.0.0.1:2",
    v1 = { imp_key = "imp-key-777", imp_secret = "imp-sec-888" },
  }
  for name, value in pairs(opts or {}) do
    options[name] = value
  end
  return require("portone").new(options), host
end

---The answer of POST /users/getToken.
---@param token string
---@param life? integer  seconds
function M.token(token, life)
  return { 200, ('{"code":0,"message":null,"response":{"access_token":"%s","now":1000,'
    .. '"expired_at":%d}}'):format(token, 1000 + (life or 1800)) }
end

return M
