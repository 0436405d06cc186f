-- SPDX-License-Identifier: MIT
-- The rules of PGs, and what it means to break one. The rules are data, one file per family
-- below rules/; a PG is
--
--   { name = "…", v1 = { pay = WINDOW, key = WINDOW }, v2 = { pay =, key =, key_and_pay =,
--     identity =, load_pay =, load_key = } }      a window that is not there is not offered
--
-- WINDOW = { methods = { … }, optional = true, RULE, RULE, … }
--   methods    what pay_method, payMethod, billingKeyMethod may be; without: the PG takes none
--   optional   it may be left out
--   unknown    no document says what it may be: it is not looked at
--
-- RULE = { kind, path, …, when = { path = expected }, on = "pc" | "mobile", warn = true,
--          say = "why" }
--   { "need", "a.b" | { "a", "b+c" } }       one of the alternatives; b+c are needed together
--   { "of", path, { values } }               nothing else
--   { "max", path, n, "bytes" | "EUC-KR bytes" }, { "min", path, n }    length of a text
--   { "least", path, n }, { "most", path, n }                           size of a number
--   { "like", path, format }                 of checkout/formats.lua
--   { "forbid", path | { paths } }, { "ignored", path | { paths } }     the PG refuses, ignores
--   { "check", name, argument }              of checkout/checks.lua
-- A path may go through lists: "products[].code". `expected` is a value, a list of them, true
-- (there is something), false (nothing), or { no = { … } } (none of these). `on` is an error
-- when the device is known, otherwise a warning. Breaking a rule with `warn` is only a warning.

local formats = require "portone.checkout.formats"
local sorted = require "portone.sorted"

local M = {}

-- {====== The PGs ======

-- PG -> file below rules/.
local files = {
  tosspay_v2 = "toss", tosspayments = "toss", tosspay = "toss", uplus = "toss",
  toss_brandpay = "toss",
  nice = "nice", nice_v2 = "nice",
  kcp = "kcp", kcp_billing = "kcp", kcp_v2 = "kcp", kcp_quick = "kcp",
  html5_inicis = "inicis", inicis = "inicis", inicis_v2 = "inicis", inicis_jp = "inicis",
  inicis_unified = "inicis",
  smartro = "smartro", smartro_v2 = "smartro",
  ksnet = "ksnet", kpn = "kpn", welcome = "welcome", galaxia = "galaxia",
  kakaopay = "wallets", naverpay = "wallets", naverco = "wallets", payco = "wallets",
  smilepay = "wallets",
  eximbay = "overseas", eximbay_v2 = "overseas", paypal = "overseas", paypal_v2 = "overseas",
  paymentwall = "overseas", payletter_global = "overseas", kicc_v2 = "overseas",
  triple_a = "overseas", hecto_global = "overseas",
  kicc = "domestic", danal = "domestic", danal_tpay = "domestic", daou = "domestic",
  settle = "domestic", settle_acc = "domestic", mobilians = "domestic",
  mobilians_v2 = "domestic", bluewalnut = "domestic", hyphen = "domestic",
}

M.files = files

---The rules of a PG.
---@param pg string  code in lower case
---@return table?
function M.of(pg)
  local file = files[pg]
  return file and require("portone.checkout.rules." .. file)[pg]
end

---Codes of all PGs that have rules, sorted.
---@return string[]
function M.names()
  return sorted(files)
end

-- }======

-- {====== Values at paths ======

local function place(prefix, name)
  return prefix == "" and name or prefix .. "." .. name
end

-- All values at a path as { path =, value = }; `value` may be nil at its end.
local function collect(value, path, prefix, out)
  local name, many, rest = path:match("^([^.%[]+)(%[?%]?)%.?(.*)$")
  local here
  if type(value) == "table" then
    here = value[name]
  end
  if many == "[]" then
    for i, item in ipairs(type(here) == "table" and here or {}) do
      local at = ("%s[%d]"):format(place(prefix, name), i)
      if rest == "" then
        out[#out + 1] = { path = at, value = item }
      else
        collect(item, rest, at, out)
      end
    end
  elseif rest == "" then
    out[#out + 1] = { path = place(prefix, name), value = here }
  elseif here ~= nil then
    collect(here, rest, place(prefix, name), out)
  else
    out[#out + 1] = { path = place(prefix, name) .. "." .. rest }
  end
  return out
end

---The value at a path without lists.
---@param params table
---@param path string
---@return any
function M.value(params, path)
  return collect(params, path, "", {})[1].value
end

local function has(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
  return false
end

local function holds(params, path, expected)
  local value = M.value(params, path)
  if expected == true or expected == false then
    return (value ~= nil and value ~= false) == expected
  elseif type(expected) == "table" then
    if expected.no then
      return not has(expected.no, value)
    end
    return has(expected, value)
  end
  return value == expected
end

local function applies(rule, params)
  for path, expected in pairs(rule.when or {}) do
    if not holds(params, path, expected) then
      return false
    end
  end
  return true
end

-- }======

-- {====== Kinds of rules ======
-- Each has `test(rule, params, add, state)`, which calls add(path, problem) for every breach,
-- and `text(rule)` for people.

local kinds = {}

local function listed(list, last)
  local out = {}
  for i, item in ipairs(list) do
    out[i] = tostring(item)
  end
  return table.concat(out, last or ", ")
end

-- "b+c" -> are both there?
local function complete(params, group)
  for path in group:gmatch("[^+]+") do
    for _, item in ipairs(collect(params, path, "", {})) do
      if item.value == nil or item.value == "" then
        return false, item.path
      end
    end
  end
  return true
end

kinds.need = {
  test = function(rule, params, add)
    local groups = type(rule[2]) == "table" and rule[2] or { rule[2] }
    for _, group in ipairs(groups) do
      if complete(params, group) then
        return
      end
    end
    if #groups > 1 then
      add(groups[1]:match("^[^+]+"), "one of these is required: " .. listed(groups))
      return
    end
    for path in groups[1]:gmatch("[^+]+") do
      local there, missing = complete(params, path)
      if not there then
        add(missing, "required")
      end
    end
  end,
  text = function(rule)
    return listed(type(rule[2]) == "table" and rule[2] or { rule[2] }, " or ") .. " is required"
  end,
}

local function each(rule, params, kind, fn)
  for _, item in ipairs(collect(params, rule[2], "", {})) do
    if item.value ~= nil and type(item.value) == kind then
      fn(item)
    end
  end
end

local function shown(value)
  return type(value) == "string" and #value <= 40 and (', got "%s"'):format(value) or ""
end

kinds.of = {
  test = function(rule, params, add)
    for _, item in ipairs(collect(params, rule[2], "", {})) do
      if item.value ~= nil and not has(rule[3], item.value) then
        add(item.path, "expected " .. (#rule[3] > 1 and "one of " or "") .. listed(rule[3])
          .. shown(item.value))
      end
    end
  end,
  text = function(rule)
    return ("%s is %s"):format(rule[2], listed(rule[3], " or "))
  end,
}

---Length in characters, UTF-8 bytes, or bytes of EUC-KR (two for what is not ASCII).
local function length(value, unit)
  if unit == "bytes" then
    return #value
  end
  local ascii = select(2, value:gsub("[%z\1-\127]", ""))
  local others = select(2, value:gsub("[\194-\244]", ""))
  return ascii + others * (unit == "EUC-KR bytes" and 2 or 1)
end

kinds.max = {
  test = function(rule, params, add)
    each(rule, params, "string", function(item)
      local n = length(item.value, rule[4])
      if n > rule[3] then
        add(item.path, ("at most %d %s, got %d"):format(rule[3], rule[4] or "characters", n))
      end
    end)
  end,
  text = function(rule)
    return ("%s has at most %d %s"):format(rule[2], rule[3], rule[4] or "characters")
  end,
}

kinds.min = {
  test = function(rule, params, add)
    each(rule, params, "string", function(item)
      local n = length(item.value)
      if n < rule[3] then
        add(item.path, ("at least %d characters, got %d"):format(rule[3], n))
      end
    end)
  end,
  text = function(rule)
    return ("%s has at least %d characters"):format(rule[2], rule[3])
  end,
}

local function bound(word, broken)
  return {
    test = function(rule, params, add)
      each(rule, params, "number", function(item)
        if broken(item.value, rule[3]) then
          add(item.path, ("%s %d, got %s"):format(word, rule[3], tostring(item.value)))
        end
      end)
    end,
    text = function(rule)
      return ("%s is %s %d"):format(rule[2], word, rule[3])
    end,
  }
end

kinds.least = bound("at least", function(v, n) return v < n end)
kinds.most = bound("at most", function(v, n) return v > n end)

kinds.like = {
  test = function(rule, params, add)
    local format = formats[rule[3]]
    each(rule, params, "string", function(item)
      if not format.fits(item.value) then
        add(item.path, "must be " .. format.text)
      end
    end)
  end,
  text = function(rule)
    return ("%s is %s"):format(rule[2], formats[rule[3]].text)
  end,
}

local function absence(problem, said)
  return {
    test = function(rule, params, add)
      for _, path in ipairs(type(rule[2]) == "table" and rule[2] or { rule[2] }) do
        for _, item in ipairs(collect(params, path, "", {})) do
          if item.value ~= nil then
            add(item.path, problem)
          end
        end
      end
    end,
    text = function(rule)
      return listed(type(rule[2]) == "table" and rule[2] or { rule[2] }) .. said
    end,
  }
end

kinds.forbid = absence("not allowed", " must not be given")
kinds.ignored = absence("has no effect", ": no effect")
kinds.ignored.warn = true

kinds.check = {
  test = function(rule, params, add, state)
    require("portone.checkout.checks")[rule[2]].test(params, add, rule[3], state)
  end,
  text = function(rule)
    return require("portone.checkout.checks")[rule[2]].text(rule[3])
  end,
}

-- }======

local function expectation_text(expected)
  if expected == true then
    return " is given"
  elseif expected == false then
    return " is not given"
  elseif type(expected) ~= "table" then
    return " is " .. tostring(expected)
  elseif expected.no then
    return " is not " .. listed(expected.no, "/")
  end
  return " is " .. listed(expected, "/")
end

local function condition_text(rule)
  local parts = {}
  for path, expected in pairs(rule.when or {}) do
    parts[#parts + 1] = path .. expectation_text(expected)
  end
  table.sort(parts)
  if rule.on then
    table.insert(parts, 1, "on " .. (rule.on == "pc" and "a PC" or "a mobile device"))
  end
  return #parts > 0 and " (" .. listed(parts, ", ") .. ")" or ""
end

---Applies rules to parameters.
---@param list table          of rules
---@param params table
---@param state table         { by = "tosspay_v2", device =, now =, problems = {}, warnings = {} }
function M.apply(list, params, state)
  for _, rule in ipairs(list) do
    if (not rule.on or not state.device or rule.on == state.device) and applies(rule, params) then
      local kind = kinds[rule[1]]
      local soft = rule.warn or kind.warn or (rule.on and not state.device)
      kind.test(rule, params, function(path, problem, only_warn)
        local into = (soft or only_warn) and state.warnings or state.problems
        into[#into + 1] = { path = path, problem = problem
          .. (state.by and " (" .. state.by .. ")" or "") .. condition_text(rule)
          .. (rule.say and ": " .. rule.say or "") }
      end, state)
    end
  end
end

local titles = {
  { "v1", "pay", "V1 IMP.request_pay" },
  { "v1", "key", "V1 IMP.request_pay with customer_uid (billing key)" },
  { "v2", "pay", "V2 requestPayment" }, { "v2", "key", "V2 requestIssueBillingKey" },
  { "v2", "key_and_pay", "V2 requestIssueBillingKeyAndPay" },
  { "v2", "identity", "V2 requestIdentityVerification" },
  { "v2", "load_pay", "V2 loadPaymentUI" }, { "v2", "load_key", "V2 loadIssueBillingKeyUI" },
}

---A PG's rules for people.
---@param pg string
---@return string? text  nil for an unknown PG
function M.describe(pg)
  local row = M.of(pg)
  if not row then
    return nil
  end
  local out = { ("%s: %s"):format(pg, row.name) }
  for _, title in ipairs(titles) do
    local window = row[title[1]] and row[title[1]][title[2]]
    if window then
      out[#out + 1] = "  " .. title[3]
      out[#out + 1] = "    methods: " .. (window.methods and listed(window.methods)
        or window.unknown and "any" or "none")
        .. (window.optional and " (may be left out)" or "")
      for _, rule in ipairs(window) do
        local soft = rule.warn or kinds[rule[1]].warn
        out[#out + 1] = ("    %s %s%s%s"):format(soft and "warning:" or "-",
          kinds[rule[1]].text(rule), condition_text(rule), rule.say and ": " .. rule.say or "")
      end
    end
  end
  return table.concat(out, "\n")
end

return M
