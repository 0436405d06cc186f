-- SPDX-License-Identifier: MIT
-- Nothing that a program can be told, shown or left with has a secret in it: keys and tokens of
-- the shop, and what is on a card. A process of its own does everything with secrets that are
-- known here (spec/support/journey.lua); what it has seen is searched for each of them.

local core = require "portone.core"

local secrets = {
  imp_key = "9031775562048813", imp_secret = "k2Qvt8mWzVx5RyLbN4cJ7hDf3sGpAe6UoTi9XwBq",
  api_secret = "Zr7LqYp2Vx9KcWm4TnHb8JdGf6SaEuQ3", wrong = "Wk5BvTq8XnLz3RyHc7MdJf2GpSaEu9Qo",
  token = "c5e0a7f1d39b4826e75a0c1fb2d8e4936a7f0b5c",
  webhook_secret = "whsec_" .. core.base64 "a webhook secret of 32 bytes !!!",
  card = { number = "4111-1111-1111-1111", plain = "4111111111111111", expiry = "2034-07",
           birth = "871203", password = "37", cvc = "914" },
}

-- How each may be written: { name, text }, and Lua patterns for what is too short to look for
-- just so.
local function forms(tokens)
  local out = { { "card number", secrets.card.number }, { "card number", secrets.card.plain },
    { "card number", "4111 1111 1111 1111" }, { "card number", "4111%2D1111" },
    { "expiry", secrets.card.expiry }, { "expiry", "203407" }, { "birth", secrets.card.birth } }
  local function add(name, text)
    out[#out + 1] = { name, text }
    out[#out + 1] = { name .. " in base64", (core.base64(text):gsub("=+$", "")) }
    out[#out + 1] = { name .. " in hex", core.hex(text) }
    out[#out + 1] = { name .. " in a URL", core.escape(text) }
  end
  for _, name in ipairs { "imp_key", "imp_secret", "api_secret", "wrong", "token",
                         "webhook_secret" } do
    add(name, secrets[name])
  end
  add("webhook_secret", (secrets.webhook_secret:gsub("^whsec_", "")))
  add("webhook_secret", "a webhook secret of 32 bytes !!!")
  add("card number", secrets.card.plain)
  for token in (tokens or ""):gmatch("%S+") do add("token", token) end
  return out
end

local patterns = {
  { "card password", "pwd_2digit[\"']?%s*[:=]%s*[\"']?37" },
  { "card password", "passwordTwoDigits[\"']?%s*[:=]%s*[\"']?37" },
  { "card password", "[\"']37[\"']" },
  { "cvc", "cvc[\"']?%s*[:=]%s*[\"']?914" }, { "cvc", "[\"']914[\"']" },
}

local function found_in(text, tokens)
  local found = {}
  for _, form in ipairs(forms(tokens)) do
    local at = text:find(form[2], 1, true)
    if at then
      found[#found + 1] = ("%s: …%s…"):format(form[1], text:sub(math.max(1, at - 60), at + 40))
    end
  end
  for _, pattern in ipairs(patterns) do
    local at = text:find(pattern[2])
    if at then
      found[#found + 1] = ("%s: …%s…"):format(pattern[1], text:sub(math.max(1, at - 60), at + 40))
    end
  end
  return found
end

local function dump(value)
  if type(value) ~= "table" then return ("%q"):format(value) end
  local out = {}
  for k, v in pairs(value) do out[#out + 1] = ("[%q]=%s"):format(k, dump(v)) end
  return "{" .. table.concat(out, ",") .. "}"
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- Until the spec ends the secrets lie in a file that only its user may read.
describe("secrets #slow", function()
  local sections, whole, errors = {}, nil, nil

  setup(function()
    local pipe = io.popen("umask 077; mktemp -d")
    local dir = pipe:read("*l")
    pipe:close()
    local file = assert(io.open(dir .. "/secrets.lua", "w"))
    file:write("return " .. dump(secrets))
    file:close()
    local lua = rawget(_G, "jit") and "luajit" or _VERSION:lower():gsub(" ", "")
    os.execute(("LUA_PATH='./?.lua;'\"$LUA_PATH\" %s spec/support/journey.lua %s/secrets.lua %s "
      .. ">%s/out 2>%s/err"):format(lua, dir, dir, dir, dir))
    whole, errors = read(dir .. "/out"), read(dir .. "/err")
    os.execute("rm -rf " .. dir)
    local name
    for line in (whole .. "\n"):gmatch("([^\n]*)\n") do
      local heading = line:match("^@@ (.*)$")
      if heading then
        name = heading
        sections[name] = {}
      elseif name then
        table.insert(sections[name], line)
      end
    end
    for heading, list in pairs(sections) do sections[heading] = table.concat(list, "\n") end
  end)

  it("are used by a journey that comes to its end and sees much", function()
    assert.is_not_nil(sections["end"], errors)
    assert.matches("order%-1", sections.results)
    assert.matches("unknown_outcome", sections.errors)
    assert.matches("declined", sections.errors)
    assert.matches("unauthorized", sections.errors)
    assert.matches("protocol", sections.errors)
    assert.matches("on_warning", sections.hooks)
    assert.matches("invalid_request", sections.errors)
    assert.matches("\"form\":1", sections.pending)
    assert.matches("order%-2", sections.journal)
    assert.matches("ledger%-1", sections.files)
    assert.is_true(#sections.tokens > 20)
    assert.matches("a task of the user's own", errors)
  end)

  -- All that is searched; found where they must be, they would be found where they must not.
  it("are found by the search", function()
    for _, form in ipairs(forms(sections.tokens)) do
      assert.is_true(#found_in("x" .. form[2] .. "y", sections.tokens) > 0)
    end
    assert.is_true(#found_in('{"pwd_2digit":"37"}') > 0)
    assert.is_true(#found_in("cvc=914") > 0)
    assert.same({}, found_in "order-1 3000 4242 user-1 2034 07")
  end)

  for _, name in ipairs { "results", "info", "errors", "raised", "shown", "pending", "hooks",
      "log lines", "spans", "metrics", "ledger", "journal", "files", "cmdline" } do
    it("are not in " .. name, function()
      assert.is_true(#assert(sections[name], errors) > 10)
      assert.same({}, found_in(sections[name], sections.tokens))
    end)
  end

  it("are not in what was printed to stderr", function()
    assert.same({}, found_in(errors, sections.tokens))
  end)

  it("are not put into the environment", function()
    assert.equal("as it was", sections.environment)
  end)
end)
