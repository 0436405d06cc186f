-- Every public function, called with what it cannot take: if it raises, then in our words, at the
-- line that called it, and never from somewhere inside.

local portone = require "portone"

local unpack = table.unpack or unpack

local function nothing() end

-- Arguments that are right nowhere, or nearly so; each with how many there are.
local wrong = {
  { n = 0 }, { nil, n = 1 }, { 0, n = 1 }, { 0 / 0, n = 1 }, { "x", n = 1 }, { true, n = 1 },
  { { zzz = 1 }, n = 1 }, { { 1 }, n = 1 }, { nothing, n = 1 }, { io.stdout, n = 1 },
  { "x", 1, n = 2 }, { "x", "y", n = 2 }, { "x", {}, n = 2 }, { {}, 1, n = 2 },
  { {}, { zzz = 1 }, n = 2 }, { nothing, 1, n = 2 }, { "x", "y", 1, n = 3 },
  { {}, nothing, 1, n = 3 }, { "x", true, true, n = 3 },
}

-- What is said of wrong use has a word of what belongs there.
local function in_our_words(message)
  return not (message:find("attempt to", 1, true) or message:find("bad argument", 1, true)
    or message:find("traceback", 1, true) or message:find "lua/portone/")
end

-- What a call made is ended again.
local function forget(made)
  if type(made) == "table" and rawget(made, "server") then
    made:stop()
  end
end

-- Calls fn with all of it, behind `self` when there is one; complaints about it.
local function try(path, fn, self, out)
  for _, list in ipairs(wrong) do
    local args, n = { unpack(list, 1, list.n) }, list.n
    if self ~= nil then
      table.insert(args, 1, self)
      for i = n, 1, -1 do args[i + 1] = list[i] end
      n = n + 1
    end
    local ok, result = pcall(function()
      local made = fn(unpack(args, 1, n))
      return made
    end)
    if ok then
      forget(result)
    elseif type(result) == "string" and not in_our_words(result) then
      out[#out + 1] = ("%s with %d arguments: %s"):format(path, list.n, result)
    end
  end
end

-- The functions of a table but for some.
local function sweep(path, holder, self, but)
  local out, n = {}, 0
  for name, fn in pairs(holder) do
    if type(name) == "string" and type(fn) == "function" and not (but or {})[name] then
      n = n + 1
      try(path .. name, fn, self, out)
    end
  end
  table.sort(out)
  assert.equal("", table.concat(out, "\n"))
  assert.is_true(n > 0, path)
end

local function methods_of(object)
  return getmetatable(object).__index
end

describe("wrong use raises in our words:", function()
  local sandbox, client

  setup(function()
    sandbox = assert(portone.sandbox.start {})
    client = sandbox:client()
  end)

  teardown(function()
    client.close()
    sandbox:stop()
  end)

  it("the module and a client", function()
    -- `configure` changes the default client for whoever comes next; `show` prints
    sweep("portone.", portone, nil, { configure = true, show = true, run = true })
    sweep("client.", client, nil, { close = true })
    for _, verb in ipairs { "request_pay_again", "issue_billing_key", "schedule" } do
      sweep("", { [verb] = client[verb] })
    end
  end)

  it("webhooks and their stores", function()
    sweep("portone.webhook.", portone.webhook)
    sweep("client.webhook.", client.webhook)
    sweep("portone.webhook.store.", portone.webhook.store)
    local store = portone.webhook.store.memory()
    sweep("store:", methods_of(store), store)
  end)

  it("payment windows", function()
    sweep("portone.checkout.v1.", portone.checkout.v1)
    sweep("portone.checkout.v2.", portone.checkout.v2)
  end)

  it("observers", function()
    sweep("portone.observe.", portone.observe, nil, { check = true })  -- for our own use
  end)

  it("ledgers", function()
    sweep("portone.ledger.", portone.ledger)
    local ledger = portone.ledger.open { store = portone.ledger.memory(), client = client }
    sweep("ledger:", methods_of(ledger), ledger, { close = true })
  end)

  it("tasks", function()
    local task = portone.spawn(nothing)
    sweep("task:", methods_of(task), task)
  end)

  it("the sandbox, its handle and an inbox", function()
    local out = {}
    try("portone.sandbox.start", function(given, ...)
      -- not what is right: each would be one more sandbox
      return given and (type(given) ~= "table" or next(given)) and portone.sandbox.start(given, ...)
    end, nil, out)
    sweep("sandbox:", methods_of(sandbox), sandbox, { stop = true })
    local inbox = assert(sandbox:inbox {})
    sweep("inbox:", methods_of(inbox), inbox, { stop = true, take = true })
    try("inbox:take", function(self, seconds)
      return seconds ~= nil and self:take(seconds)  -- nothing waits for a message
    end, inbox, out)
    assert.same({}, out)
  end)

  it("and says what belongs there", function()
    for expected, fn in pairs {
      ["sandbox:flush: a number of seconds expected, got string"] =
        function() sandbox:flush "1" end,
      ["inbox:take: a number of seconds expected, got not-a-number"] =
        function() assert(sandbox:inbox {}):take(0 / 0) end,
      ["sandbox:client: a table of options expected, got string"] =
        function() sandbox:client "x" end,
      ["sandbox:journal: a table such as { kind = \"charge\" } expected, got string"] =
        function() sandbox:journal "charge" end,
      ["sandbox:advance: a duration (\"1 month\", seconds, \"next timer\") expected, got nil"] =
        function() sandbox:advance() end,
      ["sandbox:fault: op is of a Lua type that JSON does not have"] =
        function() sandbox:fault { op = nothing, fault = "reset" } end,
      ["inbox: unknown option 'zzz'"] = function() sandbox:inbox { zzz = 1 } end,
      ["store:begin: seconds above 0 expected behind the id, got nil"] =
        function() portone.webhook.store.memory():begin "id" end,
      ["portone.ledger.redis: a client, or a function that connects, expected"] = function()
        local store = portone.ledger.redis()
        return store
      end,
    } do
      local ok, message = pcall(fn)
      assert.is_false(ok, expected)
      local file, said = message:match "([^/]*%.lua):%d+: (.*)$"
      assert.equal(expected, said)
      assert.equal("misuse_sweep_spec.lua", file, expected)
    end
  end)
end)
