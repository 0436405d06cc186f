-- SPDX-License-Identifier: MIT
-- The pages of a window: what it asks, the account that was issued, and its end. They are forms
-- and work without a script; one is needed only to tell the page that opened the window.

local cards = require "portone.sandbox.cards"
local html = require "portone.sandbox.browser.html"
local style = require "portone.sandbox.browser.style"
local texts = require "portone.sandbox.browser.texts"

local M = {}

local sides = { v1 = "portone.sandbox.browser.v1", v2 = "portone.sandbox.browser.v2" }

local LAYOUT = [[
<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title} · PortOne sandbox</title>
{head}
<style nonce="{nonce}">{style}</style>
</head>
<body>
<main>
<header>
<p class="badge" data-testid="badge">{badge}</p>
<h1>{title}</h1>
{switch}
</header>
{body}
</main>
{script}
</body>
</html>
]]

local e = html.escape

local function layout(window, lang, values)
  local t, nonce = texts[lang], html.nonce()
  local other = lang == "ko" and "en" or "ko"
  values.head = values.head or ""
  values.lang, values.nonce, values.style, values.badge = lang, nonce, style, e(t.badge)
  values.title = e(values.title or t["title_" .. window.kind])
  values.switch = values.fixed and "" or ('<a class="lang" lang="%s" hreflang="%s" '
    .. 'href="/_sandbox/window/%s?lang=%s">%s</a>'):format(other, other, window.id, other,
    e(t.other_language))
  values.script = values.code and ('<script nonce="%s">%s</script>'):format(nonce, values.code)
    or ""
  return html.page(html.fill(LAYOUT, values), nonce, values.status)
end

-- {====== Parts of the form ======

local function row(name, value, id)
  return ('<div><dt>%s</dt><dd%s>%s</dd></div>'):format(e(name),
    id and (' data-testid="%s"'):format(id) or "", e(value))
end

-- The order, as the customer should see it.
local function summary(window, shown, lang)
  local t = texts[lang]
  local out = { '<dl class="order">' }
  if shown.name then
    out[#out + 1] = row(t.order, shown.name, "order-name")
  end
  if window.kind ~= "identity" then
    out[#out + 1] = row(t.amount, shown.amount or t.no_amount, "amount")
  end
  if shown.order_id then
    out[#out + 1] = row(t.order_id, shown.order_id, "order-id")
  end
  if shown.customer then
    out[#out + 1] = row(t.customer, shown.customer, "customer")
  end
  out[#out + 1] = row(t.pg, shown.pg, "pg")
  if #shown.methods == 1 then
    out[#out + 1] = row(t.method, texts.method(lang, shown.methods[1])
      .. (shown.wallet and " · " .. texts.wallet(lang, shown.wallet) or ""), "method")
  end
  out[#out + 1] = "</dl>"
  return table.concat(out, "\n")
end

local function choice(name, label, options, chosen, help)
  local out = { ('<p class="field"><label for="%s">%s</label><select id="%s" name="%s" '
    .. 'data-testid="%s"%s>'):format(name, e(label), name, name, name,
    help and (' aria-describedby="%s-help"'):format(name) or "") }
  for _, option in ipairs(options) do
    out[#out + 1] = ('<option value="%s"%s>%s</option>'):format(e(option[1]),
      option[1] == chosen and " selected" or "", e(option[2]))
  end
  out[#out + 1] = "</select>"
  if help then
    out[#out + 1] = ('<small id="%s-help">%s</small>'):format(name, e(help))
  end
  out[#out + 1] = "</p>"
  return table.concat(out)
end

local function input(name, label, value, kind)
  return ('<p class="field"><label for="%s">%s</label><input id="%s" name="%s" value="%s" '
    .. 'data-testid="%s" inputmode="%s" autocomplete="off"></p>'):format(name, e(label), name,
    name, e(value), name, kind or "text")
end

local fields = {}

function fields.card(shown, lang)
  local options = {}
  for i, name in ipairs(cards.names) do
    local number = cards.public()[name].card_number
    options[i] = { name, ("%s (…%s)"):format(texts.card(lang, name), number:sub(-4)) }
  end
  return choice("card", texts[lang].card, options, shown.card or "success", texts[lang].card_help)
end

function fields.installment(shown, lang)
  local options = {}
  for i, months in ipairs(shown.installments) do
    options[i] = { tostring(months), months == 0 and texts[lang].lump_sum
      or texts[lang].months:format(months) }
  end
  return choice("installment", texts[lang].installment, options, options[1][1])
end

function fields.provider(shown, lang)
  local options = {}
  for i, name in ipairs(shown.providers) do
    options[i] = { name, texts.wallet(lang, name) }
  end
  return choice("provider", texts[lang].provider, options, shown.providers[1])
end

function fields.bank(shown, lang)
  return choice("bank", texts[lang].bank, shown.banks, shown.bank)
end

function fields.phone(shown, lang)
  return input("phone", texts[lang].phone, shown.phone or "01012345678", "tel")
end

function fields.person(shown, lang)
  local t, person = texts[lang], shown.person
  return input("name", t.name, person.name or "홍길동")
    .. choice("operator", t.operator, { { "SKT", "SKT" }, { "KT", "KT" }, { "LGU", "LG U+" },
      { "SKT_MVNO", "SKT MVNO" }, { "KT_MVNO", "KT MVNO" }, { "LGU_MVNO", "LG U+ MVNO" } },
      person.operator or "SKT")
    .. input("phone", t.phone, person.phone or "01012345678", "tel")
    .. input("number", t.number, person.number or "9001011", "numeric")
end

function fields.method(shown, lang)
  local options = {}
  for i, name in ipairs(shown.methods) do
    options[i] = { name, texts.method(lang, name) }
  end
  return choice("method", texts[lang].method, options, shown.methods[1])
end

local function button(value, label, class, help)
  return ('<button name="choice" value="%s" data-testid="%s" class="%s"%s>%s</button>'):format(
    value, value, class, help and (' title="%s"'):format(e(help)) or "", e(label))
end

-- }======

local function notice(lang, told)
  if not told then
    return ""
  end
  return ('<p class="notice" role="status" data-testid="notice">%s</p>'):format(
    e(texts[lang][told] or told))
end

local function form_of(window, lang, inner)
  return ('<form method="post" action="/_sandbox/window/%s?lang=%s">\n%s\n</form>'):format(
    window.id, lang, inner)
end

local function ask(window, lang, shown, told)
  local t = texts[lang]
  local parts = { summary(window, shown, lang), notice(lang, told) }
  local inner = {}
  for _, name in ipairs(shown.fields) do
    inner[#inner + 1] = fields[name](shown, lang)
  end
  local label = t[shown.action]
  inner[#inner + 1] = '<p class="actions">'
  inner[#inner + 1] = button("pay", label:format(shown.amount or ""), "main")
  if shown.pending then
    inner[#inner + 1] = button("pending", t.pending, "side wide", t.pending_help)
  end
  inner[#inner + 1] = button("decline", t.decline, "side", t.decline_help)
  inner[#inner + 1] = button("cancel", t.cancel, "side")
  inner[#inner + 1] = button("abandon", t.abandon, "quiet", t.abandon_help)
  inner[#inner + 1] = "</p>"
  parts[#parts + 1] = form_of(window, lang, table.concat(inner, "\n"))
  return layout(window, lang, { body = table.concat(parts, "\n") })
end

local function account(window, lang, shown, told)
  local t, a = texts[lang], shown.account
  local inner = { '<p class="actions">' }
  if not a.paid then
    inner[#inner + 1] = button("deposit", t.deposit:format(shown.amount or ""), "main")
  end
  inner[#inner + 1] = button("done", t.done, a.paid and "main" or "side")
  inner[#inner + 1] = "</p>"
  local body = { notice(lang, told), '<dl class="order">',
    row(a.store and t.store or t.bank, a.bank, "account-bank"),
    row(a.store and t.receipt or t.account, a.number, "account-number"),
    row(t.amount, shown.amount, "amount"), row(t.due, a.due, "account-due"), "</dl>",
    a.paid and "" or ('<p class="help">%s</p>'):format(e(t.deposit_help)),
    form_of(window, lang, table.concat(inner, "\n")) }
  local title = a.store and t.receipt_title or t.account_title
  return layout(window, lang, { title = title, body = table.concat(body, "\n") })
end

-- The shop is being asked: look again in a second.
local function wait(window, lang, shown)
  local to = ("/_sandbox/window/%s?lang=%s&then=go"):format(window.id, lang)
  return layout(window, lang, { body = summary(window, shown, lang) .. notice(lang, "busy"),
    head = ('<meta http-equiv="refresh" content="1; url=%s">'):format(e(to)) })
end

-- What the window tells the page that opened it. The shop's origin is the only one that hears.
local TELL = [[
(function () {
  var told = {told}, to = {origin};
  var page = window.opener || (window.parent !== window ? window.parent : null);
  if (!page) return;
  page.postMessage(told, to);
  if (window.opener) setTimeout(function () { window.close(); }, 50);
}());
]]

local function origin_of(window)
  local origin = window.origin
  return origin and origin ~= "null" and origin or "*"
end

---The last page of a window: it hands over the answer and goes.
---@param window portone.sandbox.window
---@param lang "ko"|"en"
---@return table plan
function M.done(window, lang)
  local t = texts[lang]
  local failed = window.result.code ~= nil or window.result.error_code ~= nil
  local title = window.state == "abandoned" and t.result_abandoned
    or failed and t.result_failed or t.result_ok
  local words = window.state ~= "abandoned"
    and (window.result.message or window.result.error_msg)
  local body = { words and ('<p class="help" data-testid="message">%s</p>'):format(e(words)) or "" }
  local code
  if window.type ~= "REDIRECTION" then
    body[#body + 1] = ('<p class="help">%s</p>'):format(e(t.may_close))
    code = html.fill(TELL, { origin = html.script_json(origin_of(window)),
      told = html.script_json { portone = "sandbox", id = window.id, result = window.result,
        redirect = window.redirect } })
  elseif window.state == "abandoned" then
    body[#body + 1] = ('<p class="help">%s</p>'):format(e(t.no_way_back))
  elseif window.redirect then
    body[#body + 1] = ('<p><a class="main" data-testid="back" href="%s">%s</a></p>'):format(
      e(window.redirect), e(t.back_to_shop))
  end
  return layout(window, lang, { title = title, body = table.concat(body, "\n"), code = code,
    fixed = true })
end

---The page of a window as it is now.
---@param world portone.sandbox.world
---@param window portone.sandbox.window
---@param lang "ko"|"en"
---@param told? string  something to say about what was just done
---@return table plan
function M.show(world, window, lang, told)
  if window.state == "done" or window.state == "abandoned" then
    return M.done(window, lang)
  end
  local shown = require(sides[window.api]).shown(world, window, lang)
  if window.state == "busy" then
    return wait(window, lang, shown)
  elseif window.state == "account" then
    return account(window, lang, shown, told)
  end
  return ask(window, lang, shown, told)
end

return M
