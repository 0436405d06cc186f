-- SPDX-License-Identifier: MIT
-- The named settings as the console offers them: value, default, what may be chosen.

local json = require "portone.json"
local world_settings = require("portone.sandbox.world").settings

local M = {}

-- Choices of the settings that are words; those of V2 are in its own list.
local CHOICES = {
  webhook_clock = { "real", "sandbox" },
  webhook_content_type = { "json", "form" },
  v1_webhook_content_type = { "json", "form" },
  webhook_version = { "2024-04-25", "2024-01-01" },
  unknown_fields = { "ignore", "refuse" },
  v1_partial_cancel_status = { "paid", "cancelled" },
  v1_paid_again = { "refuse", "charge" },
  v1_delete_customer_with_schedules = { "allow", "refuse", "revoke" },
}

-- In the console of PortOne, or fields of the configuration here.
local URLS = { "webhook_url", "v1_webhook_url", "webhook_version" }

-- Without a default of their own, so that no table of defaults lists them.
local ABSENT = { "v1_tiers", "v1_tier_status" }

-- A way to type a value that the page can offer; a table can only be shown there.
local function row_of(group, name, value, default, choices)
  if name:find("_url$") then
    value, default = value or nil, default or nil
  end
  local kind = type(default)
  if kind == "nil" then kind = type(value) == "table" and "table" or "string" end
  if name == "v1_tier_status" then kind = "number" end
  if choices and type(choices) == "table" then kind = "choice" end
  if kind == "table" or type(value) == "table" then
    kind, value, default = "table", json.encode(value), nil
  end
  return { group = group, name = name, kind = kind, value = value, default = default,
    choices = kind == "choice" and json.array(choices) or nil }
end

local function names_of(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  return names
end

---Every named setting.
---@param world portone.sandbox.world
---@return { group: string, name: string, kind: string, value: any, default: any }[]
function M.list(world)
  local out, settings, seen = json.array {}, world.config.settings, {}
  local function add(group, name, default, choices)
    if seen[name] then return end
    seen[name] = true
    local value = settings[name]
    if value == nil then value = default end
    out[#out + 1] = row_of(group, name, value, default, choices or CHOICES[name])
  end
  for _, name in ipairs(URLS) do
    local default = name == "webhook_version" and "2024-04-25" or nil
    out[#out + 1] = row_of("webhooks", name, world.config[name], default, CHOICES[name])
  end
  for _, name in ipairs(names_of(world_settings)) do
    local hooks = name:find("webhook", 1, true) or name:find("_confirm_", 1, true)
    add(hooks and "webhooks" or "common", name, world_settings[name])
  end
  local v1 = require("portone.sandbox.v1").settings
  local v2 = require("portone.sandbox.v2.settings").list
  for _, name in ipairs(names_of(v2)) do
    local row = v2[name]
    add(name:find("^v2_") and "v2" or "common", name, row[1],
      type(row[2]) == "table" and row[2] or nil)
  end
  for _, name in ipairs(names_of(v1)) do add("v1", name, v1[name]) end
  for _, name in ipairs(ABSENT) do add("v1", name, nil) end
  return out
end

return M
