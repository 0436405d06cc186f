-- A shop in OpenResty: what each address does. The payment window is PortOne's, and what it tells
-- the browser is a hint: an order counts as paid when PortOne, asked by this server, says so.

local json = require "portone.json"
local orders = require "orders"
local pages = require "pages"
local payments = require "payments"
local portone = require "portone"
local settings = require("settings").read()
local texts = require "texts"

local M = {}

assert(settings.secret, "SHOP_SECRET is not set")
orders.open(settings.database)

-- {====== Who asks, and in which language ======

local function random_id(prefix)
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(12)
  file:close()
  return prefix .. bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
end

local function set_cookie(name, value)
  local cookies = ngx.ctx.cookies or {}
  cookies[#cookies + 1] = ("%s=%s; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax%s"):format(
    name, value, settings.url:find "^https:" and "; Secure" or "")
  ngx.ctx.cookies, ngx.header["Set-Cookie"] = cookies, cookies
end

-- A real shop has accounts. Here whoever has the cookie has the orders.
local function customer_of()
  local customer = ngx.var.cookie_customer
  if not customer or not customer:match "^c%x+$" or #customer ~= 25 then
    customer = random_id "c"
    set_cookie("customer", customer)
  end
  return customer
end

local function words_of()
  local asked = ngx.var.arg_lang
  if asked == "ko" or asked == "en" then
    set_cookie("lang", asked)
    return texts[asked]
  end
  local known = texts[ngx.var.cookie_lang == "en" and "en" or ngx.var.cookie_lang == "ko" and "ko"]
  return known or (ngx.var.http_accept_language or "ko"):find "^ko" and texts.ko or texts.en
end

local function sign(text)
  return ngx.encode_base64(ngx.hmac_sha1(settings.secret, text))
end

-- Another site can make a browser post a form here, but cannot know what stands in this one.
local function token_of(customer)
  return sign("csrf" .. customer)
end

-- Signed once more, the comparison takes the same time wherever the two differ.
local function is_token(given, customer)
  return type(given) == "string" and sign(given) == sign(token_of(customer))
end

-- }======

-- {====== Answers ======

local function html(text, status, nonce)
  ngx.status = status or 200
  ngx.header["Content-Type"] = "text/html; charset=utf-8"
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["Content-Security-Policy"] = ("script-src %s; object-src 'none'; base-uri 'none'; "
    .. "frame-ancestors 'none'"):format(
    nonce and ("'nonce-%s' 'strict-dynamic'"):format(nonce) or "'none'")
  ngx.print(text)
end

local function message(visit, status, name, problem)
  html(pages.message(visit.words[name], problem, visit.words), status)
end

local function go(path)
  ngx.redirect(path, 303)
end

-- The browser's script asks: is it paid?
local function tell(status)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print "{}"
end

-- }======

-- {====== Pages ======

local function home(visit)
  html(pages.home(visit.words, visit.csrf))
end

-- What the form says is only which product and how many: the price is the catalogue's.
local function place_order(visit)
  local good, quantity = texts.good[visit.form.product], tonumber(visit.form.quantity)
  if not good or good.monthly or not quantity or quantity % 1 ~= 0 or quantity < 1
    or quantity > 9 then
    return message(visit, 400, "unknown_order")
  end
  local order = orders.add { id = random_id "o", customer = visit.customer,
    api = visit.form.api == "v1" and "v1" or "v2", product = good.id, quantity = quantity,
    amount = good.price * quantity }
  go("/orders/" .. order.id .. "/pay")
end

-- A page with a button that opens the window. Its script takes the answer from the callback
-- and, after a redirect, from the query; posts it to `back`/complete; and goes to `back`.
local function window(visit, page, err, thing, amount, label)
  if not page then
    ngx.log(ngx.ERR, "the window's parameters: ", tostring(err))
    return message(visit, 500, "trouble")
  end
  local back = (thing.quantity and "/orders/" or "/subscriptions/") .. thing.id
  local nonce = random_id "n"
  local fragment = page:html { button = visit.words[label], lang = visit.words.lang, nonce = nonce,
    complete = back .. "/complete", success = back, failure = back,
    user_code = settings.user_code, sdk = settings.sdk[page.api] }
  html(pages.checkout(thing, amount, fragment, visit.words), 200, nonce)
end

local function pay(visit, order)
  if order.paid > 0 then return go("/orders/" .. order.id) end
  local name, here = pages.name_of(order, visit.words), settings.url .. ngx.var.uri
  local page, err
  if order.api == "v1" then
    page, err = portone.checkout.v1.request_pay({ channelKey = settings.channel_key,
      pay_method = "card", merchant_uid = order.id, name = name, amount = order.amount,
      buyer_name = visit.words.buyer, m_redirect_url = here,
      confirm_url = settings.url .. "/portone/confirm" }, { pg = "tosspayments" })
  else
    page, err = portone.checkout.v2.request_payment({ storeId = settings.store_id,
      channelKey = settings.channel_key, payMethod = "CARD", paymentId = order.id,
      orderName = name, totalAmount = order.amount, currency = "KRW",
      customer = { customerId = visit.customer, fullName = visit.words.buyer },
      redirectUrl = here, confirmUrl = settings.url .. "/portone/confirm" },
      { pg = "tosspayments" })
  end
  window(visit, page, err, order, order.amount, "pay")
end

local function complete(_, order)
  tell(payments.look(order).paid > 0 and 200 or 409)
end

local function show_order(visit, order)
  html(pages.order(order, visit.words, visit.csrf))
end

local function my_orders(visit)
  html(pages.orders(orders.of(visit.customer), orders.subscriptions_of(visit.customer),
    visit.words))
end

-- By pieces: what one costs is the order's own affair.
local function cancel(visit, order)
  local one, n = order.amount / order.quantity, tonumber(visit.form.quantity)
  if not n or n % 1 ~= 0 or n < 1 or n * one > order.paid - order.cancelled then
    return message(visit, 400, "no_cancel")
  end
  local done, err = payments.cancel(order, n * one, visit.words.reason)
  if not done then
    return message(visit, 409, "no_cancel", err.pg_message)
  end
  go("/orders/" .. order.id)
end

-- }======

-- {====== Subscriptions ======

local function subscribe(visit)
  local good = texts.good[visit.form.product]
  if not good or not good.monthly then
    return message(visit, 400, "unknown_order")
  end
  local id = random_id "s"
  orders.subscribe { id = id, customer = visit.customer, product = good.id }
  go("/subscriptions/" .. id .. "/pay")
end

-- The window gives a billing key, and charges nothing: the shop does, afterwards.
local function issue(visit, s)
  if s.billing_key ~= "" then return go("/subscriptions/" .. s.id) end
  local page, err = portone.checkout.v2.request_issue_billing_key({ storeId = settings.store_id,
    channelKey = settings.channel_key, billingKeyMethod = "CARD", issueId = s.id,
    issueName = pages.name_of(s, visit.words),
    customer = { customerId = visit.customer, fullName = visit.words.buyer },
    redirectUrl = settings.url .. ngx.var.uri }, { pg = "tosspayments" })
  window(visit, page, err, s, texts.good[s.product].price, "issue")
end

local function start(_, s)
  ngx.req.read_body()
  local answer = json.decode(ngx.req.get_body_data() or "")
  local key = type(answer) == "table" and answer.billingKey
  local started, err = payments.start(s, type(key) == "string" and key or "")
  if not started then
    ngx.log(ngx.WARN, "a subscription does not start: ", tostring(err))
  end
  tell(started and 200 or 409)
end

local function show_subscription(visit, s)
  if s.billing_key == "" then
    return html(pages.message(visit.words.no_subscription, payments.why(s), visit.words,
      "/subscriptions/" .. s.id .. "/pay"))
  end
  html(pages.subscription(s, payments.of(s), visit.words, visit.csrf))
end

-- For when the first charge's end is not known: asked for once more, it is charged once.
local function check(_, s)
  if s.billing_key ~= "" then payments.start(s, s.billing_key) end
  go("/subscriptions/" .. s.id)
end

local function stop(visit, s)
  local ok, err = payments.stop(s)
  if not ok then
    ngx.log(ngx.ERR, "a subscription does not end: ", tostring(err))
    return message(visit, 502, "trouble")
  end
  go("/subscriptions/" .. s.id)
end

-- }======

-- {====== The way in ======

-- Posts come from forms, with a token; `json` ones from the window's script: no other site can
-- send that type without asking first, and what they do is to look again.
local routes = {
  { "GET", "^/$", home },
  { "GET", "^/orders$", my_orders },
  { "POST", "^/orders$", place_order },
  { "GET", "^/orders/([%w-]+)$", show_order, orders.get },
  { "GET", "^/orders/(%w+)/pay$", pay, orders.get },
  { "POST", "^/orders/(%w+)/complete$", complete, orders.get, json = true },
  { "POST", "^/orders/([%w-]+)/cancel$", cancel, orders.get },
  { "POST", "^/subscriptions$", subscribe },
  { "GET", "^/subscriptions/(%w+)$", show_subscription, orders.subscription },
  { "GET", "^/subscriptions/(%w+)/pay$", issue, orders.subscription },
  { "POST", "^/subscriptions/(%w+)/complete$", start, orders.subscription, json = true },
  { "POST", "^/subscriptions/(%w+)/check$", check, orders.subscription },
  { "POST", "^/subscriptions/(%w+)/stop$", stop, orders.subscription },
}

local function may_post(visit, route)
  if route.json then
    return (ngx.var.http_content_type or ""):find "^application/json" ~= nil
  end
  ngx.req.read_body()
  visit.form = ngx.req.get_post_args(10)
  return is_token(visit.form.csrf, visit.customer)
end

---Every page of the shop.
function M.serve()
  local visit = { customer = customer_of(), words = words_of() }
  visit.csrf = token_of(visit.customer)
  local method = ngx.req.get_method()
  for _, route in ipairs(routes) do
    local id = route[1] == (method == "HEAD" and "GET" or method) and ngx.var.uri:match(route[2])
    if id then
      local thing = route[4] and route[4](id)
      if route[4] and (not thing or thing.customer ~= visit.customer) then break end
      if method == "POST" and not may_post(visit, route) then
        return message(visit, 403, "forbidden")
      end
      return route[3](visit, thing)
    end
  end
  message(visit, 404, "not_found")
end

-- }======

-- {====== What PortOne calls ======

M.webhook = portone.nginx.webhook { client = portone, v1 = true, seen = "webhooks",
  include_sandbox = settings.test, on_event = function(event) return payments.heard(event) end }

-- PortOne asks whether to charge. The amount is the order's own; another one is refused, and so is
-- another currency.
M.confirm = portone.nginx.confirm { client = portone, v1 = true,
  include_sandbox = settings.test, check = function(question)
    local order = orders.get(question.id)
    if not order then
      return false, texts.ko.unknown_order
    elseif order.paid > 0 then
      return false, texts.ko.paid_already
    end
    return order.amount, "KRW"
  end }

-- }======

return M
