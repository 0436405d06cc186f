-- SPDX-License-Identifier: MIT
-- Rules of PGs that look at more than one value: each has test(params, add, argument, state),
-- which calls add(path, problem, only_warn?) for every breach, and text(argument) for people.

local time = require "portone.time"

local M = {}

local function at(params, path)
  local value = params
  for name in path:gmatch("[^.]+") do
    value = type(value) == "table" and value[name] or nil
  end
  return value
end

local function number(value)
  return type(value) == "number" and value or nil
end

-- Is any item of a list equal to the value?
local function has(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
  return false
end

M.parts_of_total = {
  text = function() return "tax-free amount and VAT together are not above the total" end,
  test = function(params, add)
    local total = number(params.totalAmount) or number(params.amount)
    local free = number(params.taxFreeAmount) or number(params.tax_free) or 0
    local vat = number(params.vatAmount) or number(params.vat_amount) or 0
    if total and free + vat > total then
      add(params.taxFreeAmount ~= nil and "taxFreeAmount" or params.vatAmount ~= nil and "vatAmount"
        or params.tax_free ~= nil and "tax_free" or "vat_amount",
        "tax-free amount and VAT are more than the total")
    end
  end,
}

M.vat_share = {
  text = function(percent) return ("vat_amount is at most %d %% of amount"):format(percent) end,
  test = function(params, add, percent)
    local amount, vat = number(params.amount), number(params.vat_amount)
    if amount and vat and vat * 100 > amount * percent then
      add("vat_amount", ("at most %d %% of amount"):format(percent))
    end
  end,
}

M.decimals = {
  text = function(n) return ("amount has at most %d decimals"):format(n) end,
  test = function(params, add, n)
    local amount = number(params.amount)
    local scaled = amount and amount * 10 ^ n
    if scaled and math.abs(scaled - math.floor(scaled + 0.5)) > 1e-6 * math.max(1, scaled) then
      add("amount", ("at most %d decimals"):format(n))
    end
  end,
}

-- PGs that take dollars when no currency is given.
local dollars = { eximbay = true, paypal = true, paypal_v2 = true, paymentwall = true }

M.won_are_whole = {
  text = function() return "an amount in won has no decimals" end,
  test = function(params, add, _, state)
    local amount = number(params.amount)
    local currency = params.currency or dollars[state.pg] and "USD" or "KRW"
    if amount and amount % 1 ~= 0 and currency == "KRW" then
      add("amount", "an amount in won has no decimals")
    end
  end,
}

-- Paths of months that are asked for in either API.
local fixed_paths = {
  "card.direct.quota", "card.installment.monthOption.fixedMonth",
  "easyPay.installment.monthOption.fixedMonth",
}
local list_paths = {
  "display.card_quota", "card.installment.monthOption.availableMonthList",
  "easyPay.installment.monthOption.availableMonthList",
}

local function is_hyundai(params)
  return at(params, "card.direct.code") == "367"
    or at(params, "card.cardCompany") == "HYUNDAI_CARD"
end

local function each_month(params, fn)
  for _, path in ipairs(fixed_paths) do
    local month = number(at(params, path))
    if month then
      fn(path, month, true)
    end
  end
  for _, path in ipairs(list_paths) do
    local list = at(params, path)
    for i, month in ipairs(type(list) == "table" and list or {}) do
      if number(month) then
        fn(("%s[%d]"):format(path, i), month, false)
      end
    end
  end
end

M.installment_floor = {
  text = function(o)
    return ("instalments need %d won%s; fixed ones are refused below it"):format(o.floor,
      o.hyundai and (" (%d with Hyundai Card)"):format(o.hyundai) or "")
  end,
  test = function(params, add, o)
    local amount = number(params.totalAmount) or number(params.amount)
    local floor = o.hyundai and is_hyundai(params) and o.hyundai or o.floor
    if not amount or amount >= floor or (params.currency or "KRW") ~= "KRW" then
      return
    end
    -- a list of months may stand there for every order: below the floor it offers nothing
    each_month(params, function(path, month, fixed)
      if month >= 2 then
        add(path, ("instalments need an amount of %d won"):format(floor), not fixed)
      end
    end)
  end,
}

M.months = {
  text = function(o)
    return ("instalments of %s months"):format(o.only and table.concat(o.only, ", ")
      or ("0, 2 to %d"):format(o.most))
  end,
  test = function(params, add, o)
    each_month(params, function(path, month)
      if o.only and month ~= 0 and not has(o.only, month) then
        add(path, "months must be " .. table.concat(o.only, ", "))
      elseif o.most and (month % 1 ~= 0 or month < 0 or month == 1 or month > o.most) then
        add(path, ("months must be 0 or 2 to %d"):format(o.most))
      end
    end)
  end,
}

-- The longest month of a list, and whether any up to it, lump sum included, is not in it.
local function longest(list)
  local most, seen = 0, {}
  for _, month in ipairs(list) do
    if number(month) then
      most = math.max(most, month)
      seen[month] = true
    end
  end
  local gap = most >= 2 and not seen[0]
  for month = 2, most do
    gap = gap or not seen[month]
  end
  return most, gap
end

-- Toss shows lump sum up to the longest of the list, whatever is between.
M.quota_is_range = {
  text = function() return "a list of months shows lump sum up to the longest of them" end,
  test = function(params, add)
    for _, path in ipairs(list_paths) do
      local list = at(params, path)
      local most, gap = longest(type(list) == "table" and list or {})
      if gap and not at(params, "display.only_installment") then
        add(path, ("shows lump sum and every month up to %d, not only those of the list")
          :format(most), true)
      end
    end
  end,
}

M.quota_single = {
  text = function() return "months are fixed: a list of one" end,
  test = function(params, add)
    for _, path in ipairs(list_paths) do
      local list = at(params, path)
      if type(list) == "table" and #list > 1 then
        add(path, "the months are fixed: give one value")
      end
    end
  end,
}

M.product_sum = {
  text = function() return "amount × quantity of all products is the total" end,
  test = function(params, add)
    local total = number(params.totalAmount) or number(params.amount)
    if not total or type(params.products) ~= "table" or not params.products[1] then
      return
    end
    local sum = 0
    for _, product in ipairs(params.products) do
      local price = number(product.amount) or number(product.unitPrice)
      local count = number(product.quantity)
      if not price or not count then
        return
      end
      sum = sum + price * count
    end
    if sum ~= total then
      add("products", ("amount × quantity adds up to %.14g, the total is %.14g"):format(sum, total))
    end
  end,
}

-- "yyyy-MM-dd HH:mm:ss" in Korean time, ahead of now by no more than so many minutes.
M.expiry_ahead = {
  text = function(o)
    return ("%s lies ahead, by at most %d minutes"):format(o.path, o.minutes)
  end,
  test = function(params, add, o, state)
    local value = at(params, o.path)
    local unix = type(value) == "string" and value:find("^%d+%-%d+%-%d+ %d+:%d+:%d+$")
      and time.parse(value)
    if not unix then
      return
    elseif unix <= state.now then
      add(o.path, "lies in the past (it is read as Korean time)")
    elseif unix > state.now + o.minutes * 60 then
      add(o.path, ("at most %d minutes ahead (it is read as Korean time)"):format(o.minutes))
    end
  end,
}

-- Unix seconds of an expiry in any of the forms that windows take; the end of a bare day.
local function due_time(text)
  local y, m, d, clock = text:match("^(%d%d%d%d)%-?(%d%d)%-?(%d%d)[ T]?(.*)$")
  if not y then
    return nil
  end
  local h, mi, s = clock:match("^(%d%d):?(%d%d):?(%d%d)$")
  if h or clock == "" then
    return time.parse(("%s-%s-%s %s:%s:%s"):format(y, m, d, h or "23", mi or "59", s or "59"))
  end
  return time.parse(text)
end

M.hours_most = {
  text = function(o) return ("%s is at most %d"):format(o.path, o.hours) end,
  test = function(params, add, o, state)
    local hours, due = at(params, o.path .. ".validHours"), at(params, o.path .. ".dueDate")
    local unix = type(due) == "string" and due_time(due)
    if number(hours) and hours > o.hours then
      add(o.path .. ".validHours", ("at most %d hours"):format(o.hours))
    elseif unix and unix > state.now + o.hours * 3600 then
      add(o.path .. ".dueDate", ("at most %d hours ahead"):format(o.hours))
    end
  end,
}

-- An anonymous receipt has no number, every other has one.
M.receipt_pair = {
  text = function() return "a cash receipt's identifier goes with its type" end,
  test = function(params, add, o)
    local base = o.path == "" and params or at(params, o.path)
    if type(base) ~= "table" then
      return
    end
    local prefix = o.path == "" and "" or o.path .. "."
    local kind, identifier = base.cashReceiptType, base.customerIdentifier
    local lower = tostring(kind):lower()
    local anonymous = kind == nil or lower == "anonymous" or lower == "unable"
    if identifier ~= nil and anonymous then
      add(prefix .. "customerIdentifier", "not with " .. (kind and "an anonymous receipt"
        or "no cashReceiptType"))
    elseif identifier == nil and kind ~= nil and not anonymous then
      add(prefix .. "customerIdentifier", "required with cashReceiptType " .. tostring(kind))
    end
  end,
}

-- Two fields, both or neither.
M.together = {
  text = function(o) return ("%s and %s go together"):format(o[1], o[2]) end,
  test = function(params, add, o)
    local a, b = at(params, o[1]) ~= nil, at(params, o[2]) ~= nil
    if a ~= b then
      add(a and o[2] or o[1], ("goes together with %s"):format(a and o[1] or o[2]))
    end
  end,
}

M.range_both_ends = {
  text = function() return "offerPeriod.range has from and to, in this order" end,
  test = function(params, add)
    local range = at(params, "offerPeriod.range")
    if type(range) ~= "table" then
      return
    end
    local from, to = range.from and time.parse(range.from), range.to and time.parse(range.to)
    if not range.from or not range.to then
      add("offerPeriod.range." .. (range.from and "to" or "from"), "both ends are required")
    elseif from and to and from >= to then
      add("offerPeriod.range.to", "must lie after from")
    end
  end,
}

-- nice_v2: NAVER Pay points and SSG Pay accounts are cash, so a receipt is due.
M.nice_cash_wallets = {
  text = function()
    return "NAVER Pay points and SSG Pay accounts need easyPay.cashReceiptType; "
      .. "SSG Pay accounts a paymentId of letters and digits"
  end,
  test = function(params, add)
    local wallet = at(params, "easyPay.easyPayProvider")
    local methods = at(params, "easyPay.availablePayMethods")
    local function takes(...)
      for _, method in ipairs { ... } do
        if type(methods) == "table" and has(methods, method) then
          return true
        end
      end
    end
    local account = wallet == "SSGPAY" and takes("TRANSFER")
    if (wallet == "NAVERPAY" and takes("CHARGE", "MONEY") or account)
      and at(params, "easyPay.cashReceiptType") == nil then
      add("easyPay.cashReceiptType", "required: the payment is in cash")
    end
    if account and type(params.paymentId) == "string" and params.paymentId:find("%W") then
      add("paymentId", "letters and digits only with an account at SSG Pay")
    end
  end,
}

M.danal_carriers = {
  text = function() return "IsCarrier is SKT, KTF, LGT, MVNO, joined by ;" end,
  test = function(params, add)
    local value = at(params, "bypass.danal.IsCarrier")
    for part in tostring(value or ""):gmatch("[^;]+") do
      if not has({ "SKT", "KTF", "LGT", "MVNO" }, part) then
        add("bypass.danal.IsCarrier", "expected SKT, KTF, LGT, MVNO, joined by ;")
        return
      end
    end
  end,
}

-- The method's own object is looked at, those of other methods are not.
local objects = {
  card = "CARD", virtualAccount = "VIRTUAL_ACCOUNT", transfer = "TRANSFER", mobile = "MOBILE",
  giftCertificate = "GIFT_CERTIFICATE", easyPay = "EASY_PAY", paypal = "PAYPAL",
  alipay = "ALIPAY", convenienceStore = "CONVENIENCE_STORE", alipayPlus = "ALIPAY_PLUS",
}

M.method_objects = {
  text = function() return "only the object of the chosen method is looked at" end,
  test = function(params, add, field)
    local method = params[field]
    for name, of in pairs(objects) do
      if method and params[name] ~= nil and method ~= of then
        add(name, ("has no effect: %s is %s"):format(field, tostring(method)))
      end
    end
  end,
}

return M
