-- The shop's HTML. Every value goes through `fill`, which escapes it; only what is HTML already
-- stands in {!…}.

local orders = require "orders"
local texts = require "texts"

local M = {}

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
                   ["'"] = "&#39;" }

-- {name}: escaped. {!name}: HTML. {.name}: words in the customer's language.
local function fill(template, values, words)
  return (template:gsub("{([!.]?)([%w_]+)}", function(kind, name)
    local value = kind == "." and words[name] or values[name]
    assert(value ~= nil, name)
    return kind == "!" and value or (tostring(value):gsub("[&<>\"']", entities))
  end))
end

local function money(amount, words, form)
  local text = ("%d"):format(amount):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return words[form or "won"]:format(text)
end

local LAYOUT = [[
<!doctype html>
<html lang="{.lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · {.shop}</title>
<style>
* { box-sizing: border-box } body { margin: 0; font: 16px/1.5 system-ui, sans-serif;
  color: #2b211b; background: #faf6f1 }
header, main { max-width: 40rem; margin: auto; padding: .75rem 1rem }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center }
header strong { flex: 1; white-space: nowrap; font-size: 1.15rem } a { color: #7a3e12 }
h1 { font-size: 1.35rem; margin: .5rem 0 1rem }
.card { background: #fff; border: 1px solid #e7dccf; border-radius: 12px; padding: 1rem;
  margin: 0 0 1rem }
.card h2 { font-size: 1.05rem; margin: 0 } .price { color: #7a3e12; margin: 0 0 .75rem }
form, .row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 0 }
button { font: inherit; padding: .5rem .8rem; border: 0; border-radius: 8px; color: #fff;
  background: #7a3e12; min-height: 44px; cursor: pointer }
button.quiet { background: #fff; color: #7a3e12; border: 1px solid #7a3e12 }
button:focus-visible, a:focus-visible, select:focus-visible { outline: 3px solid #e0a15f }
select { font: inherit; padding: .5rem; border-radius: 8px; min-height: 44px; background: #fff;
  border: 1px solid #cbb9a6 } .row > :first-child { flex: 1 } p { margin: .25rem 0 .75rem }
.card > :last-child { margin-bottom: 0 }
.failed, .problem { color: #a3231a } .paid, .running { color: #1d6b3a }
</style></head><body>
<header><strong><a href="/">{.shop}</a></strong><a href="/orders">{.orders}</a>
<a href="?lang={.other}" lang="{.other}">{.other_name}</a></header>
<main><h1>{title}</h1>
{!body}</main></body></html>
]]

---@param title string
---@param body string  HTML
---@param words table  texts.ko or texts.en
---@return string html
function M.layout(title, body, words)
  return fill(LAYOUT, { title = title, body = body }, words)
end

local GOOD = [[
<section class="card"><h2>{name}</h2><p class="price">{price}</p>
<form method="post" action="{action}"><input type="hidden" name="csrf" value="{csrf}">
<input type="hidden" name="product" value="{id}">
{!choice}</form></section>
]]
local BUY = [[
<label>{.quantity} <select name="quantity">{!numbers}</select></label>
<button name="api" value="v2">{.buy}</button>
<button name="api" value="v1" class="quiet">{.buy_v1}</button>]]

local function numbers(n)
  local list = {}
  for i = 1, n do list[i] = ("<option>%d</option>"):format(i) end
  return table.concat(list)
end

function M.home(words, csrf)
  local list = {}
  for i, good in ipairs(texts.goods) do
    local choice = good.monthly and fill("<button>{.subscribe}</button>", {}, words)
      or fill(BUY, { numbers = numbers(9) }, words)
    list[i] = fill(GOOD, { name = good[words.lang], id = good.id, csrf = csrf, choice = choice,
      price = money(good.price, words, good.monthly and "per_month"),
      action = good.monthly and "/subscriptions" or "/orders" }, words)
  end
  return M.layout(words.home, table.concat(list), words)
end

---@param thing table  an order or a subscription
---@return string  what it is called
function M.name_of(thing, words)
  local name, month = texts.good[thing.product][words.lang], thing.id:match "%-(%d+)$"
  if month then return ("%s #%s"):format(name, month) end
  return (thing.quantity or 1) > 1 and ("%s × %d"):format(name, thing.quantity) or name
end

---The page that opens PortOne's window: what it costs, and the fragment of portone.checkout.
function M.checkout(thing, amount, window, words)
  return M.layout(words.checkout, fill([[
<section class="card"><h2>{name}</h2><p class="price">{price}</p>{!window}</section>
<p><a href="/">{.back}</a></p>]], { name = M.name_of(thing, words), window = window,
    price = money(amount, words, thing.quantity and "won" or "per_month") }, words), words)
end

local LINE = [[
<section class="card"><div class="row"><h2><a href="/{kind}/{id}">{name}</a></h2>
<span class="{status}">{status_text}</span></div><p class="price">{price}</p>{!more}</section>
]]

local function line(kind, thing, status, price, more, words)
  return fill(LINE, { kind = kind, id = thing.id, name = M.name_of(thing, words), more = more,
    status = status, status_text = words[status], price = price }, words)
end

local function order_line(order, words)
  local back = order.cancelled > 0 and fill("<p>{back}</p>",
    { back = words.refunded:format(money(order.cancelled, words)) }) or ""
  return line("orders", order, orders.status(order), money(order.amount, words), back, words)
end

local function subscription_line(s, words)
  local status = s.stopped == 1 and "stopped" or "running"
  return line("subscriptions", s, status,
    money(texts.good[s.product].price, words, "per_month"), "", words)
end

function M.orders(list, subscriptions, words)
  local out = {}
  for _, s in ipairs(subscriptions) do out[#out + 1] = subscription_line(s, words) end
  for _, order in ipairs(list) do out[#out + 1] = order_line(order, words) end
  if #out == 0 then out[1] = fill("<p>{.no_orders}</p>", {}, words) end
  return M.layout(words.orders, table.concat(out), words)
end

local CANCEL = [[
<form method="post" action="/orders/{id}/cancel"><input type="hidden" name="csrf" value="{csrf}">
<label>{.cancel_n} <select name="quantity">{!numbers}</select></label>
<button class="quiet">{.cancel}</button></form>]]

function M.order(order, words, csrf)
  local status, more = orders.status(order), ""
  if status == "paid" or status == "part" then
    local left = (order.amount - order.cancelled) / (order.amount / order.quantity)
    more = fill(CANCEL, { id = order.id, csrf = csrf, numbers = numbers(left) }, words)
  elseif status == "failed" or status == "open" then
    local monthly = order.id:find("-", 1, true)  -- charged by the shop, without a window
    local again = monthly and "" or '<p><a href="/orders/{id}/pay">{.again}</a></p>'
    more = fill('<p class="problem">{problem}</p>' .. again, order, words)
  end
  return M.layout(words.order, order_line(order, words) .. more, words)
end

function M.subscription(s, payments, words, csrf)
  local out = { subscription_line(s, words) }
  for _, order in ipairs(payments) do out[#out + 1] = order_line(order, words) end
  local verb = s.started == "" and "check" or s.stopped == 0 and "stop"
  if verb then
    out[#out + 1] = fill([[<p>{hint}</p><form method="post" action="/subscriptions/{id}/{verb}">
<input type="hidden" name="csrf" value="{csrf}"><button class="quiet">{label}</button></form>]],
      { id = s.id, verb = verb, csrf = csrf, label = words[verb],
        hint = verb == "check" and words.starting or "" }, words)
  end
  return M.layout(words.subscription, table.concat(out), words)
end

---A page that says one thing.
---@param problem? string  what somebody else said about it
---@param again? string    where to try again
function M.message(text, problem, words, again)
  local link = again and fill('<p><a href="{to}">{.again}</a></p>', { to = again }, words) or ""
  return M.layout(text, fill([[<p class="problem">{problem}</p>{!link}
<p><a href="/">{.back}</a></p>]], { problem = problem or "", link = link }, words), words)
end

return M
