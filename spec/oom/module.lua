-- SPDX-License-Identifier: MIT
-- What the sandbox's server runs while memory fails: it answers, and sends a webhook when asked.

local M = {}
local host

function M.open(_, given)
  host = given
end

function M.handle(_, method, target, headers, body)
  local plan = { status = 200, headers = { "X-Method: " .. method, "X-Agent: "
    .. tostring(headers["user-agent"]) }, body = target .. " " .. body }
  if target == "/slow" then
    plan.rate = 1e9
  elseif target == "/late" then
    plan.delay = 0.001
  elseif target == "/again" then
    return { again = "token", delay = 0.001 }
  end
  return plan
end

function M.again(token)
  return { status = 202, body = token }
end

function M.call(name, text)
  if name == "send" then
    host.deliver("id", text, { "X-A: b" }, "body", 2)
  end
  return name .. " " .. text
end

function M.delivered() end

function M.tick() return 1 end

return M
