-- SPDX-License-Identifier: MIT
-- What the torture consists of: the orders, who takes them, and what goes wrong. The same
-- numbers in every process that knows the seed.

local json = require "portone.json"

local M = {}

-- Seconds. A client gives up on an answer long before the sandbox gives up on the request; what
-- it believes of the sandbox (settle) is more than any late request takes.
M.client = { timeout = 0.8, connect_timeout = 2, deadline = 20, max_retries = 2 }

---What goes wrong, to each request with this probability.
M.faults = {
  { fault = "latency", seconds = 0.05, probability = 0.02 },
  { fault = "latency_before_commit", seconds = 1.2,
    probability = tonumber(os.getenv "LATE" or "") or 0.006 },
  { fault = "latency_after_commit", seconds = 1.2, probability = 0.006 },
  { fault = "reset_before_commit", probability = 0.02 },
  { fault = "reset_after_commit", probability = 0.03 },
  { fault = "close_before_commit", probability = 0.01 },
  { fault = "close_after_commit", probability = 0.02 },
  { fault = "hang_before_commit", probability = 0.004 },
  { fault = "hang_after_commit", probability = 0.006 },
  { fault = "error_before_commit", status = 500, probability = 0.01 },
  { fault = "error_after_commit", status = 503, probability = 0.02 },
  { fault = "html_before_commit", probability = 0.005 },
  { fault = "html_after_commit", probability = 0.01 },
  { fault = "empty_before_commit", probability = 0.005 },
  { fault = "empty_after_commit", probability = 0.01 },
  { fault = "rate_limited", retry_after = 0, probability = 0.01 },
  { fault = "rate_limited", probability = 0.01 },
  { fault = "outstanding", op = "v2.payment.pay*", probability = 0.01 },
  { fault = "truncate", probability = 0.01 },
  { fault = "truncate_reset", probability = 0.01 },
  { fault = "truncate_hang", probability = 0.004 },
  { fault = "bad_json", probability = 0.01 },
  { fault = "slow", rate = 20000, probability = 0.01 },
  { fault = "slow", rate = 300, probability = 0.003 },
  { fault = "wrong_length", probability = 0.005 },
  { fault = "revoke_token", probability = 0.001 },
}

-- A number in [0, 1) of two: the same everywhere, and in Lua 5.1 too.
local function draw(seed, n, salt)
  local x = (seed * 7919 + n * 104729 + salt * 1299709) % 2147483647
  for _ = 1, 3 do
    x = (x * 16807) % 2147483647
  end
  return x / 2147483647
end

M.draw = draw

---The nth order: id, operation, arguments, and the amount in whole won.
---@param config table  seed, keys
---@param n integer
---@return table
function M.order(config, n)
  local id = ("order-%d-%d"):format(config.seed, n)
  local amount = 1000 + 10 * (n % 900)
  local card = draw(config.seed, n, 1) < 0.07 and "declined" or "success"
  if draw(config.seed, n, 2) < 0.5 then
    return { id = id, amount = amount, api = "v1", args = { merchant_uid = id, amount = amount,
      customer_uid = config.keys.v1[card], name = "torture " .. n } }
  end
  return { id = id, amount = amount, api = "v2", args = { paymentId = id, currency = "KRW",
    billingKey = config.keys.v2[card], orderName = "torture " .. n,
    amount = { total = amount } } }
end

---The orders of a client, in the order in which it takes them: of each round its own part, and
---the first ones of its neighbour's, who is at them just then.
---@param config table  orders, clients: { size }
---@param client integer  1 to #config.clients
---@return integer[] numbers
function M.orders(config, client)
  local before, round = {}, 0
  for i, c in ipairs(config.clients) do
    before[i], round = round, round + c.size
  end
  local list, neighbour = {}, client % #config.clients + 1
  local function add(first, count)
    for n = first + 1, math.min(first + count, config.orders) do
      list[#list + 1] = n
    end
  end
  for first = 0, config.orders - 1, round do
    add(first + before[client], config.clients[client].size)
    add(first + before[neighbour], 1)
  end
  return list
end

-- {====== Files ======

function M.read(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

---Writes a file so that nobody sees a part of it.
function M.write(path, text)
  local file = assert(io.open(path .. ".new", "wb"))
  assert(file:write(text))
  file:close()
  assert(os.rename(path .. ".new", path))
end

function M.config(dir)
  return assert(json.decode(assert(M.read(dir .. "/config.json"))))
end

---A client's ledger, as every process of the torture opens it.
function M.ledger(config, portone)
  local options = { base_url = config.v2_url, v1_base_url = config.v1_url,
    api_secret = config.api_secret, store_id = config.store_id, settle = config.settle,
    v1 = { imp_key = config.imp_key, imp_secret = config.imp_secret } }
  for name, value in pairs(M.client) do
    options[name] = value
  end
  local client = portone.new(options)
  return assert(portone.ledger.open { path = config.ledger, client = client }), client
end

-- }======

return M
