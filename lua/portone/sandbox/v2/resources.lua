-- SPDX-License-Identifier: MIT
--- Things that are created, read, changed, listed, archived, recovered and rescheduled, as the
-- platform and B2B groups have them: one engine, driven by a row for each kind of thing.
--
-- A kind is a table:
--   kind       name of its collection
--   one        field of an answer that holds one of them, e.g. "contract"
--   scheduled  field of an answer that holds one as it will be, e.g. "scheduledContract"
--   errors     { not_found, exists, archived, has_schedule, scheduled } error types
--   make       function(world, input) → fields of a new one; may refuse
--   change     function(world, thing, update) → fields that change; may refuse
--   passes     function(thing, filter) → boolean
--   busy       optional function(thing): refuses to archive or schedule it
--   show       optional function(thing, fields): completes what an answer shows of it
-- Test and live things are kept apart, as the query parameter `test` does.

local answer = require "portone.sandbox.v2.answer"
local lists = require "portone.sandbox.v2.lists"
local state = require "portone.sandbox.v2.state"
local view = require "portone.sandbox.v2.view"

local M = {}

--- Whether a request is for the test mode.
---@param req table
---@return boolean
function M.is_test(req)
  return req.query.test == true or req.query.test == "true"
end

--- The collection of a kind.
---@param world table
---@param kind table
---@return table set { list, map }
function M.set(world, kind)
  local sets = world.v2.resources
  sets[kind.kind] = sets[kind.kind] or { list = {}, map = {} }
  return sets[kind.kind]
end

local function slot(test, id)
  return (test and "test\n" or "live\n") .. id
end

--- One of a kind, or nil.
---@param world table
---@param kind table
---@param test boolean
---@param id string
---@return table|nil thing
function M.find(world, kind, test, id)
  return M.set(world, kind).map[slot(test, id)]
end

--- One of a kind, or a refusal.
---@param world table
---@param kind table
---@param req table
---@return table thing
function M.get(world, kind, req)
  local id = req.path.id or req.path[kind.path]
  return M.find(world, kind, M.is_test(req), id)
    or answer.refuse(kind.errors.not_found, "nothing has the id " .. tostring(id))
end

--- What an answer shows of a thing.
---@param world table
---@param kind table
---@param thing table
---@return table
function M.view(world, kind, thing)
  local out = view.copy(thing.fields)
  out.id, out.graphqlId, out.isForTest = thing.id, thing.graphql_id, thing.test
  out.appliedAt = view.time(world, thing.applied_at)
  if not kind.never_archived then out.isArchived = thing.archived end
  if kind.show then kind.show(thing, out) end
  return out
end

--- Adds one of a kind.
---@param world table
---@param kind table
---@param test boolean
---@param id string|nil one is made up when absent
---@param fields table
---@return table thing
function M.add(world, kind, test, id, fields)
  local thing = { id = id or world:uuid(), seq = state.next(world), graphql_id = world:uuid(),
    test = test, archived = false, applied_at = world:now(), created_at = world:now(),
    fields = fields }
  return state.add(M.set(world, kind), slot(test, thing.id), thing)
end

--- Removes one of a kind for good.
---@param world table
---@param kind table
---@param thing table
function M.remove(world, kind, thing)
  local set = M.set(world, kind)
  set.map[slot(thing.test, thing.id)] = nil
  for i, other in ipairs(set.list) do
    if other == thing then return table.remove(set.list, i) end
  end
end

--- The things of a mode that a filter lets pass.
---@param world table
---@param kind table
---@param test boolean
---@param filter table
---@return table list oldest first
function M.select(world, kind, test, filter)
  return lists.select(M.set(world, kind).list, function(thing)
    return thing.test == test and lists.equals(filter.isArchived, thing.archived)
      and kind.passes(thing, filter)
  end)
end

local function created_at(thing) return thing.created_at end

local function one(world, kind, thing)
  return 200, { [kind.one] = M.view(world, kind, thing) }
end

-- Writes changes into a thing; what is not named stays.
local function apply(world, thing, fields)
  for name, value in pairs(fields) do thing.fields[name] = value end
  thing.applied_at = world:now()
end

local function check_unarchived(kind, thing)
  if thing.archived then
    answer.refuse(kind.errors.archived, "an archived one cannot be changed; recover it first")
  end
end

-- {====== Changes to come ======

-- A thing as it will be once its scheduled changes apply.
local function preview(world, kind, thing)
  local fields = view.copy(thing.fields)
  for name, value in pairs(thing.pending.fields) do fields[name] = view.copy(value) end
  return M.view(world, kind, { id = thing.id, graphql_id = thing.graphql_id, test = thing.test,
    archived = thing.archived, applied_at = thing.pending.at, fields = fields })
end

local function applied_at(world, body)
  local at = lists.moment("appliedAt", body.appliedAt)
  if at <= world:now() then answer.invalid("appliedAt", "must be in the future") end
  return at
end

--- Sets changes to come; those set before are forgotten.
---@param world table
---@param thing table
---@param fields table
---@param at number unix seconds
function M.schedule(world, thing, fields, at)
  if thing.pending then world:cancel(thing.pending.timer) end
  local pending = { fields = fields, at = at }
  pending.timer = world:at(at, function()
    apply(world, thing, pending.fields)
    thing.pending = nil
  end)
  thing.pending = pending
end

-- The API has no error type of its own for "nothing is scheduled".
local function with_schedule(world, kind, req)
  local thing = M.get(world, kind, req)
  if not thing.pending then
    answer.refuse(kind.errors.not_found, "nothing is scheduled for " .. thing.id)
  end
  return thing
end

--- Refuses to schedule changes of a thing.
---@param kind table
---@param thing table
function M.check_schedulable(kind, thing)
  check_unarchived(kind, thing)
  if thing.pending then
    answer.refuse(kind.errors.has_schedule, "changes are scheduled already; reschedule them")
  end
  if kind.busy then kind.busy(thing) end
end

--- Handlers for changes to come.
---@param handlers table
---@param kind table
---@param names table { schedule, reschedule, get, cancel } operation names
function M.schedulable(handlers, kind, names)
  handlers[names.schedule] = function(world, req)
    local thing = M.get(world, kind, req)
    M.check_schedulable(kind, thing)
    local at = applied_at(world, req.body)
    M.schedule(world, thing, kind.change(world, thing, req.body.update), at)
    return 200, { [kind.scheduled] = preview(world, kind, thing) }
  end
  handlers[names.reschedule] = function(world, req)
    local thing = with_schedule(world, kind, req)
    local at = applied_at(world, req.body)
    M.schedule(world, thing, kind.change(world, thing, req.body.update), at)
    return 200, { [kind.scheduled] = preview(world, kind, thing) }
  end
  handlers[names.get] = function(world, req)
    return 200, preview(world, kind, with_schedule(world, kind, req))
  end
  handlers[names.cancel] = function(world, req)
    local thing = with_schedule(world, kind, req)
    world:cancel(thing.pending.timer)
    thing.pending = nil
    return 200, {}
  end
end

M.applied_at = applied_at

-- }======

--- Handlers to create, read, change and list.
---@param handlers table
---@param kind table
---@param names table { create, get, update, list } operation names
function M.storable(handlers, kind, names)
  handlers[names.create] = function(world, req)
    local test, id = M.is_test(req), req.body.id
    if id and M.find(world, kind, test, id) then
      answer.refuse(kind.errors.exists, "the id " .. id .. " is taken")
    end
    return one(world, kind, M.add(world, kind, test, id, kind.make(world, req.body, test)))
  end
  handlers[names.get] = function(world, req)
    return 200, M.view(world, kind, M.get(world, kind, req))
  end
  handlers[names.update] = function(world, req)
    local thing = M.get(world, kind, req)
    check_unarchived(kind, thing)
    apply(world, thing, kind.change(world, thing, req.body))
    return one(world, kind, thing)
  end
  handlers[names.list] = function(world, req)
    local page = lists.page(req.body.page)
    local found = M.select(world, kind, M.is_test(req), req.body.filter or {})
    lists.sort(found, created_at)
    return 200, lists.paged(found, page, function(thing) return M.view(world, kind, thing) end)
  end
end

--- Handlers to archive and recover.
---@param handlers table
---@param kind table
---@param names table { archive, recover } operation names
function M.archivable(handlers, kind, names)
  handlers[names.archive] = function(world, req)
    local thing = M.get(world, kind, req)
    if thing.pending then
      answer.refuse(kind.errors.scheduled, "changes are scheduled; cancel them first")
    end
    thing.archived = true
    return one(world, kind, thing)
  end
  handlers[names.recover] = function(world, req)
    local thing = M.get(world, kind, req)
    thing.archived = false
    return one(world, kind, thing)
  end
end

return M
