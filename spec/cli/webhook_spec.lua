-- portone webhook, portone sandbox, portone doctor: what they print, and their exit status.
local command = require "spec.support.command"
local json = require "portone.json"
local portone = require "portone"

local BODY = '{"type":"Transaction.Paid","timestamp":"2026-01-01T00:00:00Z","data":'
  .. '{"storeId":"s","paymentId":"p-1","transactionId":"t"}}'
local SECRET = "whsec_" .. require("portone.core").base64(("k"):rep(24))

describe("portone webhook #slow", function()
  local dir
  local env = { PORTONE_WEBHOOK_SECRET = SECRET }

  setup(function()
    dir = command.directory()
    command.write(dir .. "/body", BODY)
  end)
  teardown(function() command.shell("rm -rf " .. dir) end)

  local function signed(args)
    local out, err, status = command.run(("webhook sign %s/body %s"):format(dir, args or ""),
      { env = env })
    assert.equal(0, status, err)
    return command.write(dir .. "/headers", out)
  end

  -- Posts a body (or @file) with a file of headers: body, status and kind of the answer.
  local function post(url, headers, body)
    return (command.shell(("curl -s --max-time 60 -w '%%{http_code} %%{content_type}' %s "
      .. "--data-binary %s %s"):format(headers and "-H @" .. headers or "", command.quote(body),
      url)):gsub(" +$", ""))
  end

  it("signs what it verifies", function()
    local headers = signed "--id msg_1"
    local out, err, status = command.run("webhook verify --headers " .. headers .. " --json",
      { env = env, input = BODY })
    assert.equal(0, status, err)
    assert.equal("msg_1", json.decode(out).id)
    assert.equal("p-1", json.decode(out).data.paymentId)
    local lines = {}
    for line in command.read(headers):gmatch("[^\n]+") do
      lines[#lines + 1] = "--header " .. command.quote(line)
    end
    assert.equal(0, (select(3, command.run(("webhook verify %s/body %s"):format(dir,
      table.concat(lines, " ")), { env = env }))))
  end)

  it("says why it does not believe one", function()
    local headers = signed "--timestamp 1700000000"
    local _, err, status = command.run("webhook verify --headers " .. headers, { env = env,
      input = BODY })
    assert.equal(77, status)
    assert.truthy(err:find("too old by", 1, true), err)
    headers = signed()
    _, err, status = command.run("webhook verify --headers " .. headers, { env = env,
      input = BODY .. " " })
    assert.equal(77, status)
    assert.truthy(err:find("no matching signature", 1, true), err)
    assert.is_nil(err:find(SECRET, 1, true))
    assert.equal(78, (select(3, command.run "webhook sign")))
  end)

  it("listens, prints what verifies and what V1 claims, and forwards it byte for byte", function()
    local inbox = assert(require("portone.sandbox.inbox").start {})
    local listener = command.start("webhook listen --count 3 --forward " .. inbox.url,
      { env = env, out = dir .. "/listen" })
    local url = command.await(dir .. "/listen", "http://%S+"):match("http://%S+")
    local headers = signed()
    assert.equal("200", post(url, headers, "@" .. dir .. "/body"))
    assert.truthy(post(url, headers, "x"):find "no matching signature.*\n401$")
    local claim = "imp_uid=imp_1&merchant_uid=o-1&status=paid"
    assert.equal("200", post(url, nil, claim))
    assert.equal(0, listener.wait(60))
    local text = command.read(dir .. "/listen")
    assert.truthy(text:find("verified Transaction.Paid\n", 1, true), text)
    assert.truthy(text:find('paymentId = "p-1"', 1, true), text)
    assert.truthy(text:find("forwarded: HTTP 200", 1, true), text)
    assert.truthy(text:find("refused .*no matching signature"), text)
    assert.truthy(text:find("unsigned V1 signs nothing", 1, true), text)
    local message = inbox:take(60)
    assert.equal(BODY, message.body)
    assert.truthy(command.read(headers):find(message.headers["webhook-signature"], 1, true))
    assert.equal(claim, inbox:take(60).body)
    assert.equal(2, inbox:count())
    inbox:stop()
  end)

  -- What `webhook listen` with these arguments answers to one signed message.
  local function answered(args)
    local listener = command.start("webhook listen --count 1 " .. args,
      { env = env, out = dir .. "/listen" })
    local url = command.await(dir .. "/listen", "http://%S+"):match("http://%S+")
    local answer = post(url, signed(), "@" .. dir .. "/body")
    assert.equal(0, listener.wait(60))
    return answer, command.read(dir .. "/listen")
  end

  it("tells the sender what the receiver answered, so that it comes again", function()
    local inbox = assert(require("portone.sandbox.inbox").start {})
    finally(function() inbox:stop() end)
    inbox:answer { status = 503, body = '{"errorMessage":"sold out"}',
      headers = { "Content-Type: application/json" } }
    local answer, text = answered("--forward " .. inbox.url)
    assert.equal('{"errorMessage":"sold out"}503 application/json', answer)
    assert.truthy(text:find("forwarded: HTTP 503", 1, true), text)
    inbox:answer { ending = "hang" }
    answer, text = answered("--timeout 1 --forward " .. inbox.url)
    assert.truthy(answer:find "^timeout: .*504", answer)
    assert.truthy(text:find("forwarded: timeout: ", 1, true), text)
    inbox:stop()
    assert.truthy(answered("--forward " .. inbox.url):find "^network: .*502")
  end)

  it("takes a message without being told where to send it on", function()
    assert.equal("200", (answered ""))
    assert.equal(64, (select(3, command.run("webhook listen --timeout 0", { env = env }))))
  end)

  it("forwards to no other machine over plain HTTP", function()
    assert.equal(64, (select(3, command.run("webhook listen --forward http://example.com/x",
      { env = env }))))
  end)
end)

describe("portone sandbox #slow", function()
  local dir
  setup(function() dir = command.directory() end)
  teardown(function() command.shell("rm -rf " .. dir) end)

  it("prints settings that a shell and --env take, and stops in good order", function()
    local path = dir .. "/sandbox.env"
    local sandbox = command.start("sandbox --seed shop --fault error,op=v1.users.get_token,times=1 "
      .. "--clock real", { out = path })
    local text = command.await(path, "PORTONE_WEBHOOK_SECRET=.*\n")
    assert.truthy(text, "it does not start")
    local out = command.shell((". %s && echo $PORTONE_API_SECRET"):format(path))
    local other = assert(portone.sandbox.start { seed = "shop" })
    assert.equal(other.api_secret .. "\n", out)
    other:stop()
    local _, err, status = command.run("call get_payment paymentId=x --env " .. path)
    assert.equal(4, status, err)
    local url = text:match("PORTONE_BASE_URL='(.-)'")
    assert.truthy(command.shell(("curl -s %s/_sandbox/now"):format(url)):find '"value":%d+')
    assert.truthy(command.shell(("curl -s %s/"):format(url)):find("<html", 1, true))
    assert.equal(0, sandbox.kill "INT")
  end)

  it("takes the ports it is given, and says when they are taken", function()
    local other = assert(portone.sandbox.start {})
    local _, err, status = command.run("sandbox --port " .. other.v2_url:match("%d+$"))
    other:stop()
    assert.equal(69, status)
    assert.truthy(err ~= "")
    _, err, status = command.run "sandbox --fault nonsense"
    assert.equal(64, status)
    assert.truthy(err:find("reset_after_commit", 1, true), err)
    assert.equal(64, (select(3, command.run "sandbox --fault latency,seconds")))
  end)
end)

describe("portone doctor #slow", function()
  local sandbox
  setup(function() sandbox = assert(portone.sandbox.start {}) end)
  teardown(function() sandbox:stop() end)

  local function lines(args, env)
    local out, err, status = command.run("doctor --json " .. (args or ""), { env = env })
    assert.is_nil(command.tells(sandbox, out .. err))
    return json.decode(out), status
  end

  local function find(list, about, text)
    for _, line in ipairs(list) do
      if line.about == about and line.text:find(text, 1, true) then
        return line
      end
    end
  end

  it("finds nothing wrong with a sandbox's settings", function()
    local list, status = lines("", command.settings(sandbox))
    assert.equal(0, status)
    assert.equal("ok", find(list, "V2", "accepted").verdict)
    assert.equal("ok", find(list, "V1", "accepted").verdict)
    for _, about in ipairs { "portone", "Lua", "libcurl", "TLS", "lua-cjson" } do
      assert.equal("ok", find(list, about, "").verdict)
    end
  end)

  it("notices keys in the wrong place, without printing them", function()
    local env = command.settings(sandbox)
    env.PORTONE_API_SECRET, env.PORTONE_STORE_ID = env.PORTONE_V1_API_SECRET, sandbox.channel_key
    env.PORTONE_WEBHOOK_SECRET, env.PORTONE_V1_API_KEY = sandbox.store_id, nil
    local list, status = lines("--offline", env)
    assert.equal(78, status)
    assert.equal("fail", find(list, "key", "PORTONE_API_SECRET is a V1 API secret").verdict)
    assert.equal("fail", find(list, "key", "PORTONE_STORE_ID is a channel key").verdict)
    assert.equal("fail", find(list, "key", "PORTONE_WEBHOOK_SECRET is a store id").verdict)
    assert.equal("fail", find(list, "key", "V1 needs both").verdict)
    assert.is_nil(find(list, "V2", ""))
  end)

  it("tells a wrong key, a clock that is off, and a server that is not there", function()
    local env = command.settings(sandbox)
    env.PORTONE_API_SECRET = ("x"):rep(40)
    sandbox:advance "1 hour"
    local list, status = lines("", env)
    assert.equal(78, status)
    assert.equal("fail", find(list, "V2", "not accepted").verdict)
    assert.equal("fail", find(list, "clock", "off by -3").verdict)
    env.PORTONE_BASE_URL, env.PORTONE_V1_BASE_URL = "https://portone.invalid", "http://127.0.0.1:9"
    list = lines("", env)
    assert.truthy(find(list, "DNS", "resolve").remedy)
    assert.equal("fail", find(list, "V1", "network").verdict)
  end)
end)
