-- The console as people meet it: a headless Chromium as wide as a phone and as wide as a desk, with
-- a mouse and with a keyboard only.

local inboxes = require "portone.sandbox.inbox"
local sandbox = require "portone.sandbox"
local webdriver = require "spec.support.webdriver"

local START = 1767225600
local EVIL = "<b id=evil onx=\"x\">'&</b>"

-- It is the browser that is tried here, and once will do.
local missing = not rawget(_G, "jit") and "asked under LuaJIT" or webdriver.missing()

describe("sandbox console in a browser #slow", function()
  local s, client, driver, phone, desk, key

  setup(function()
    if missing then return end
    s = assert(sandbox.start { seed = "browser", time = START })
    client = s:client()
    s:inbox()
    key = assert(client.issue_billing_key { channelKey = s.channel_key, method = { card = {
      credential = s.cards.success.credential } } }).billingKeyInfo.billingKey
    driver = webdriver.start()
    phone = driver:open { width = 360, height = 740, mobile = true, lang = "ko" }
    desk = driver:open { width = 1280, height = 800, lang = "en-US" }
  end)

  teardown(function()
    if driver then driver:stop() end
    if s then s:stop() end
  end)

  local function test(name, fn)
    it(name, function()
      if missing then return pending(missing) end
      fn()
    end)
  end

  local function pay(id, total, name)
    assert(client.request_pay_again { paymentId = id, billingKey = key, currency = "KRW",
      orderName = name or "sword", amount = { total = total } })
  end

  local function fits(page)
    assert.is_true(page:run "return document.documentElement.scrollWidth <= innerWidth")
  end

  test("speaks the browser's language, or the one that was picked, and fits a phone", function()
    phone:go(s.console_url)
    phone:says "포트원 샌드박스"
    phone:says "아직 결제가 없습니다"
    for _, view in ipairs { "payments", "keys", "schedules", "timeline", "faults", "settings" } do
      phone:go(s.console_url .. "#" .. view)
      phone:wait(view, function()
        return phone:run "return document.querySelector('#nav [aria-current]')?.hash" == "#" .. view
      end)
      fits(phone)
    end
    phone:click "[data-set-lang=en]"
    phone:says "Addresses"
    phone:go(s.console_url)
    phone:says "No payments yet"
    assert.equal("en", phone:run "return document.documentElement.lang")
  end)

  test("is worked with the keyboard alone", function()
    assert(client.schedule { paymentId = "p-1", timeToPay = START + 86400, payment = {
      billingKey = key, orderName = "month", amount = { total = 3000 }, currency = "KRW" } })
    desk:go(s.console_url)
    desk:says "Due next"
    desk:key(webdriver.TAB)
    assert.equal("#main", desk:run "return document.activeElement.getAttribute('href')")
    desk:tab_to "[data-advance='1 hour']"
    desk:key(webdriver.ENTER)
    desk:wait("an hour", function() return s:now() == START + 3600 end)
    desk:says "Timers that ran: 0"
    desk:tab_to "#to-next"
    desk:key(webdriver.ENTER)
    desk:wait("a payment", function() return desk:has "#list summary" end)
    assert.equal(START + 86400, s:now())
    desk:tab_to "#list summary"
    desk:key(webdriver.ENTER)
    desk:tab_to "[data-name=refund]"
    desk:key(webdriver.ENTER)
    desk:says "Refunded."
    desk:wait("cancelled", function() return desk:text "#list .tag" == "Cancelled" end)
    -- the order of the page is that of the keys, whatever the style says
    local ids = desk:run [[return [...document.querySelectorAll("a[href], button, input, select,"
      + "summary")].every((one, i, all) => i === 0 || all[i - 1].compareDocumentPosition(one) & 4
      && one.tabIndex === 0)]]
    assert.is_true(ids)
  end)

  test("keeps what is being read and typed while things happen", function()
    phone:go(s.console_url .. "#payments?q=p-2")
    pay("p-2", 12900)
    phone:click "#list summary"
    phone:type("[name=amount]", "900")
    pay("p-20", 100)
    phone:wait("the second payment", function()
      return phone:run "return document.querySelectorAll('#list > li').length" == 2
    end)
    assert.same({ "amount", "900" },
      phone:run "return [document.activeElement.name, document.activeElement.value]")
    fits(phone)
    phone:click "[data-name=refund]"
    phone:wait("partly", function()
      return s:journal { kind = "cancel", order = "p-2" }[1]
    end)
    assert.equal(900, s:journal { kind = "cancel", order = "p-2" }[1].amount)
    phone:click "[data-name=related]"
    phone:wait("the timeline", function()
      return phone:run "return location.hash" == "#timeline?q=p-2"
    end)
    phone:click "#list summary"
    phone:click "#list details[name=part-body] summary"
    phone:says '"paymentId": "p-2"'
    fits(phone)
  end)

  test("deposits into a virtual account", function()
    assert(client.v2.payment.pay_instantly { paymentId = "p-3", channelKey = s.channel_key,
      orderName = "year", amount = { total = 5000 }, currency = "KRW", method = {
        virtualAccount = { bank = "SHINHAN", expiry = { validHours = 72 },
          option = { type = "NORMAL" } } } })
    phone:go(s.console_url .. "#payments?q=p-3")
    phone:click "#list summary"
    phone:click "[data-name=deposit]"
    phone:wait("the money", function()
      return s:journal { kind = "charge", order = "p-3", outcome = "paid" }[1]
    end)
    phone:wait("no more button", function() return not phone:has "[data-name=deposit]" end)
  end)

  test("adds faults and ends them", function()
    desk:go(s.console_url .. "#faults")
    desk:find "[name=fault]"
    desk:run [[const kind = document.querySelector("[name=fault]");
      kind.value = "latency"; kind.dispatchEvent(new Event("change"))]]
    desk:type("[name=op]", "v2.*")
    desk:type("[name=seconds]", "0" .. webdriver.ENTER)
    desk:wait("a fault", function() return s:faults()[1] end)
    assert.same({ fault = "latency", op = "v2.*", seconds = 0 }, s:faults()[1].rule)
    desk:click "[data-name^=end-]"
    desk:wait("no fault", function() return #s:faults() == 0 end)
    desk:says "Everything works as it should."
  end)

  test("sets settings, one at a time", function()
    desk:go(s.console_url .. "#settings")
    desk:click "details[name=settings-v2] > summary"
    desk:type("[name=v2_max_cancels]", "7" .. webdriver.ENTER)
    desk:wait("one that is changed", function()
      return desk:run "return document.querySelectorAll('.setting.changed').length" == 1
    end)
    desk:says "default: 100"
    assert.is_true(desk:run "return document.querySelector('[name=settings-v2]').open")
    s:set("v2_max_cancels", nil)
    desk:wait("the default", function() return not desk:has ".setting.changed" end)
  end)

  test("shows hostile texts as texts", function()
    pay("p-4", 10, EVIL)
    for _, view in ipairs { "payments?q=p-4", "timeline?q=p-4" } do
      desk:go(s.console_url .. "#" .. view)
      desk:click "#list summary"
      desk:wait("the part", function() return desk:has ".part" end)
      desk:run "document.querySelectorAll('.part').forEach((one) => { one.open = true })"
      assert.is_false(desk:has "#evil")
      local text = desk:run "return document.body.textContent"
      assert.truthy(text:find(view:find "payments" and "<b id=evil" or "p-4", 1, true))
    end
  end)

  test("pages through what does not fit", function()
    for i = 1, 60 do pay("many-" .. i, i) end
    desk:go(s.console_url .. "#payments?q=many-")
    desk:says "1–50 of 60"
    desk:click "#older"
    desk:says "51–60 of 60"
    assert.equal("main", desk:run "return document.activeElement.id")
    desk:click "#newer"
    desk:says "1–50 of 60"
  end)

  test("obeys no page that comes from elsewhere", function()
    local other = assert(inboxes.start { headers = { "Content-Type: text/html" },
      body = "<title>elsewhere</title>" })
    desk:go(other.url)
    local before = s:now()
    local seen = desk:run([=[
      const tries = [["POST", "no-cors", "text/plain"], ["POST", "cors", "application/json"],
        ["GET", "no-cors"], ["GET", "cors"]];
      return Promise.all(tries.map(async ([method, mode, kind]) => {
        try {
          const answer = await fetch(arguments[0] + (method === "GET" ? "_sandbox/info"
            : "_sandbox/advance"), { method, mode, body: kind && '{"by":3600}',
            headers: kind ? { "Content-Type": kind } : {} });
          return (await answer.text()).length;
        } catch (refused) {
          return "refused";
        }
      }));]=], s.console_url)
    assert.same({ "refused", "refused", "refused", "refused" }, seen)
    desk:run([[const frame = document.createElement("iframe"); frame.src = arguments[0];
      document.body.append(frame);
      return new Promise((done) => { frame.onload = () => done(true) })]], s.console_url)
    desk:frame "iframe"
    assert.is_false(desk:has "#nav")
    desk:frame()
    assert.equal(before, s:now())
    other:stop()
  end)

  test("says when the sandbox has gone, and when it is back", function()
    local port = tonumber(s.v2_url:match ":(%d+)$")
    local own = assert(sandbox.start { seed = "gone", time = START })
    local address, at = own.console_url, tonumber(own.v2_url:match ":(%d+)$")
    assert.are_not.equal(port, at)
    desk:go(address)
    desk:says "No payments yet"
    own:stop()
    desk:says "The sandbox does not answer"
    own = assert(sandbox.start { seed = "again", time = START + 3600, v2_port = at })
    desk:says "The sandbox answers again."
    own:stop()
  end)
end)
