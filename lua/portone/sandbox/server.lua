-- SPDX-License-Identifier: MIT
-- The sandbox inside its own Lua state: what src/sandbox/lprivate.c calls. A request walks one
-- way: route, authorise, read, check, the book's handler, answer; faults strike on that way. A
-- request is a coroutine, so that one that has to wait (a slow PG, say) can let others pass.

local api = require "portone.api"
local check = require "portone.check"
local json = require "portone.json"

local browser = require "portone.sandbox.browser"
local console = require "portone.sandbox.console"
local control = require "portone.sandbox.control"
local journal = require "portone.sandbox.journal"
local router = require "portone.sandbox.router"
local schema = require "portone.sandbox.schema"
local wire = require "portone.sandbox.wire"
local world_of = require "portone.sandbox.world"

local M = {}

local books = { v1 = "portone.sandbox.v1", v2 = "portone.sandbox.v2" }

-- Who has paths of their own beside the APIs; the first that wants a request gets it.
local parts = { console, browser, control }

local world, routes

-- Requests that wait, by their tokens.
local waiting, tokens = {}, 0

-- {====== Reading ======

-- The fields of a JSON or form body, or what is wrong with it.
local function read_body(row, headers, body)
  local kind = (headers["content-type"] or ""):lower()
  if kind:find("application/x-www-form-urlencoded", 1, true) and body ~= "" then
    if row.api == "v2" or row.json_only then
      return nil, "must be sent as application/json"
    end
    local fields, problem = wire.form(body)
    return fields and wire.typed(row.api, row.body or {}, fields), problem
  end
  if body == "" then
    return {}
  end
  local value, problem = json.decode(body)
  if value == nil or not wire.is_utf8(body) then
    return nil, "not JSON: " .. (problem or "not UTF-8")
  end
  if type(value) ~= "table" or json.is_array(value) or value[1] ~= nil then
    return nil, "a JSON object is expected"
  end
  return value
end

-- Query and body of a request; the body of a GET travels in the query.
local function read(req, row, query_text, headers, body)
  local query, problem = wire.form(query_text)
  if not query then
    return { { path = "query", problem = problem } }
  end
  if row.query_body and query.requestBody ~= nil then
    body, headers = query.requestBody, {}
    query.requestBody = nil
    if type(body) ~= "string" then
      return { { path = "requestBody", problem = "given more than once" } }
    end
  end
  req.query = wire.typed(row.api, row.query or {}, query)
  req.body, problem = read_body(row, headers, body)
  if not req.body then
    req.body = {}
    return { { path = row.query_body and "requestBody" or "body", problem = problem } }
  end
end

-- Does a problem of the check count here? An API ignores fields it does not know; which PG
-- offers what, and whether a time to pay may do without its offset, is for the books to say.
local function counts(problem)
  if problem.code == "unknown_field" then
    return world.config.settings.unknown_fields == "refuse"
  end
  return problem.code ~= "not_offered" and problem.code ~= "offset"
end

-- What the specification says against a request; nil when nothing.
local function check_request(req, row)
  local args = {}
  for _, part in ipairs { req.query, req.body, req.path } do
    for name, value in pairs(part) do
      args[name] = value
    end
  end
  local problems = {}
  for _, problem in ipairs(check.args(row, args, { wire = true }) or {}) do
    if counts(problem) then
      problems[#problems + 1] = problem
    end
  end
  return problems[1] and problems
end

-- }======

-- {====== Answering ======

local function plan_of(status, body, headers)
  local plan = { status = status, headers = {}, body = body }
  if type(body) == "table" then
    local text, problem, path = json.encode(body)
    if not text then
      error(("answer: %s: %s"):format(tostring(path), tostring(problem)))
    end
    plan.body = text
    plan.headers[1] = "Content-Type: application/json; charset=utf-8"
  end
  for name, value in pairs(headers or {}) do
    plan.headers[#plan.headers + 1] = type(name) == "number" and value or name .. ": " .. value
  end
  plan.body = plan.body or ""
  return plan
end

local function wrong_method(book, req)
  if book.method_not_allowed then
    return book.method_not_allowed(world, req)
  end
  local _, body, headers = book.not_found(world, req)
  return 405, body, headers
end

local function outstanding(book, req)
  if book.outstanding then
    return book.outstanding(world, req)
  end
  return 409, { type = "IDEMPOTENCY_OUTSTANDING_REQUEST",
    message = "a request with this Idempotency-Key is still being processed" }
end

-- The operation itself, between `before` and `after` of its book. While it waits, the book holds
-- its Idempotency-Key: whoever repeats the request is told that it is still under way.
local function carry_out(book, req, row, problems, wait)
  if book.before then
    local status, body, headers = book.before(world, req)
    if status then
      return status, body, headers
    end
  end
  local held = book.hold and (wait.before or wait.after)
  if held then
    book.hold(world, req)
  end
  if wait.before then
    coroutine.yield(wait.before)
    req.now = world:now()
  end
  local status, body, headers
  problems = problems or check_request(req, row)
  if problems then
    status, body, headers = book.invalid(world, req, problems)
  elseif book.handlers[row.name] then
    status, body, headers = book.handlers[row.name](world, req)
  else
    status, body, headers = schema.answer(world, req)
  end
  if wait.after then
    coroutine.yield(wait.after)
  end
  if book.after then
    book.after(world, req, status, body, headers)
  end
  if held then
    book.release(world, req)
  end
  return status, body, headers
end

-- What the faults drawn for a request come to.
local function sort_faults(drawn)
  local out = { wait = {}, spoil = {}, names = nil }
  for _, fault in ipairs(drawn) do
    local kind = fault.kind
    if kind.act then
      kind.act(world)
    elseif kind.wait then
      out.wait[kind.wait] = (out.wait[kind.wait] or 0) + fault.rule.seconds
    elseif kind.spoil then
      table.insert(out.spoil, fault)
    else
      out[kind.instead] = out[kind.instead] or fault
    end
    out.names = out.names or {}
    table.insert(out.names, fault.rule.fault)
  end
  return out
end

-- A known operation, with its faults.
local function operate(book, req, row, entry, x)
  local faults = sort_faults(world.faults:draw(row.name, false))
  entry.fault = faults.names and table.concat(faults.names, ", ")
  if faults.before then
    local fault = faults.before
    if fault.kind.outstanding then
      return plan_of(outstanding(book, req))
    end
    return fault.kind.make(fault.rule)
  end
  if not row.noauth and book.authorize then
    local status, body, headers = book.authorize(world, req)
    if status then
      return plan_of(status, body, headers), body
    end
  end
  local problems = read(req, row, x.query, x.headers, x.body)
  entry.query = next(req.query) and journal.body(req.query) or nil
  entry.body = next(req.body) and journal.body(req.body) or nil
  local status, body, headers = carry_out(book, req, row, problems, faults.wait)
  local plan = plan_of(status, body, headers)
  if faults.after then
    local fault = faults.after
    entry.outcome = status
    return fault.kind.make(fault.rule), body
  end
  for _, fault in ipairs(faults.spoil) do
    fault.kind.spoil(plan, fault.rule)
  end
  return plan, body
end

-- One request to one of the APIs: returns its plan.
local function serve(x)
  local book = require(books[x.port])
  local path, query = x.target:match("^([^?]*)%??(.*)$")
  x.query = query
  local entry = world:note("request", {
    api = x.port, method = x.method, path = journal.body(path),
    headers = journal.headers(x.headers),
  })
  local row, fields = routes:find(x.port, x.method, path)
  local req = { row = row, path = row and fields or {}, query = {}, body = {},
    headers = x.headers, now = world:now(), method = x.method, target = x.target }
  local plan, answer
  if row then
    entry.op = row.name
    plan, answer = operate(book, req, row, entry, x)
  elseif fields == "method" then
    plan = plan_of(wrong_method(book, req))
  else
    plan = plan_of(book.not_found(world, req))
  end
  -- whoever dates our events by our clock must be able to see how that clock stands
  plan.headers = plan.headers or {}
  plan.headers[#plan.headers + 1] = os.date("!Date: %a, %d %b %Y %H:%M:%S GMT", world:now())
  entry.status = not plan.ending and plan.status or nil
  entry.answer = answer and journal.body(answer)
  return plan
end

-- }======

local function failed(problem)
  world:note("error", { error = problem })
  return { status = 500, headers = { "Content-Type: text/plain" },
    body = "the sandbox failed: " .. problem .. "\n" }
end

-- Runs a request on until it has a plan or has to wait.
local function resume(thread, x)
  local ok, result = coroutine.resume(thread, x)
  local plan
  if not ok then
    plan = failed(debug.traceback(thread, tostring(result)))
  elseif coroutine.status(thread) == "dead" then
    plan = result
  else
    tokens = tokens + 1
    local token = ("%.0f"):format(tokens)
    waiting[token] = thread
    plan = { again = token, delay = result }
  end
  world:run_due()
  return plan
end

---A request has come.
---@param port "v1"|"v2"
---@param method string
---@param target string   path and query as on the wire
---@param headers table<string, string>  by lower-case names
---@param body string
---@return table plan     see src/sandbox/httpd.h
function M.handle(port, method, target, headers, body)
  local x = { port = port, method = method, target = target, headers = headers, body = body }
  for _, part in ipairs(parts) do
    if part.is_for(x) then
      world.changes = world.changes + (part.reads and part.reads(x) and 0 or 1)
      return resume(coroutine.create(part.serve), x)
    end
  end
  world.changes = world.changes + 1
  return resume(coroutine.create(serve), x)
end

---The time of a request that waits has come.
---@param token string
---@return table plan
function M.again(token)
  local thread = waiting[token]
  waiting[token] = nil
  world.changes = world.changes + 1
  return resume(thread)
end

---A verb of the handle.
---@param name string
---@param text string   arguments as JSON
---@return string?      { value = … } as JSON
---@return string? problem
function M.call(name, text)
  local value, problem = control.call(name, json.decode(text) or {})
  world.changes = world.changes + (control.reads(name) and 0 or 1)
  world:run_due()
  if problem ~= nil then
    return nil, problem
  end
  return assert(json.encode({ value = value }))
end

---An attempt to deliver a webhook is over.
---@param id string
---@param status? integer
---@param body string
---@param message string
function M.delivered(id, status, body, message)
  local ok, problem = xpcall(function()
    world.deliver:delivered(id, status, body, message)
    world.changes = world.changes + 1
    world:run_due()
  end, debug.traceback)
  if not ok then
    failed(problem)
  end
end

---A clock that runs by itself has moved.
---@return number seconds until the next timer is due
function M.tick()
  world.changes = world.changes + world:run_due()
  local due = world.clock:next_due()
  return due and math.max(0, due - world:now()) or 1
end

---Opens the sandbox's world.
---@param config string  the options of sandbox.start as JSON
---@param host table     { deliver, pending, notify, ports }
function M.open(config, host)
  world = world_of.new(assert(json.decode(config)), host)
  routes = router.over(api.all())
  for _, name in ipairs { "v1", "v2" } do
    require(books[name]).open(world)
  end
  for _, part in ipairs(parts) do
    part.open(world)
  end
end

return M
