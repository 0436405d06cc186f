-- Official specifications in, operation tables and editor annotations out.
--   lua5.4 tools/generate.lua SPECDIR [OUTDIR]
-- Reads SPECDIR/v1.openapi.json and SPECDIR/v2.openapi.json; writes lua/portone/api/** and
-- types/*.lua below OUTDIR (default: the directory above this file's). The same specification
-- gives the same bytes. What the specification cannot say lies in tools/generate/*_facts.lua.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local cjson = require "cjson"
local luals = require "generate.luals"
local model = require "generate.model"
local write = require "generate.write"
local long_files = require("generate.v2_facts").files

local function usage() error("usage: lua tools/generate.lua SPECDIR [OUTDIR]", 0) end

local function read_json(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("*a")
  f:close()
  return cjson.decode(text)
end

local made = {}

local function save(path, text)
  local dir = path:match("^(.*)/")
  if not made[dir] then
    assert(os.execute("mkdir -p '" .. dir .. "'"))
    made[dir] = true
  end
  local f = assert(io.open(path, "wb"))
  f:write(text)
  f:close()
end

local function file_name(group) return (group:gsub("%.", "_")) end

local function by_group(rows)
  local groups = {}
  for _, row in ipairs(rows) do
    groups[row.group] = groups[row.group] or {}
    table.insert(groups[row.group], row)
  end
  return groups
end

-- Which groups refer to each type, from `fields` of their rows.
local function users(rows, types, fields)
  local by_type = {}
  for _, row in ipairs(rows) do
    local seen = {}
    for _, field in ipairs(fields(row)) do model.closure(field, types, seen) end
    for name in pairs(seen) do
      by_type[name] = by_type[name] or {}
      by_type[name][row.group] = true
    end
  end
  return by_type
end

local function inputs(row)
  local list = {}
  model.each_field(row, function(_, field) list[#list + 1] = field end)
  return list
end

local function outputs(row) return { row.result } end

-- The file of a type: its only group's, else a shared one; large code lists stand alone.
local function home(side, name, groups, type_)
  if type_.enum and #type_.enum > 100 then return name:lower() end
  local list = model.keys(groups)
  if #list == 1 then
    for _, rule in ipairs(side == "output" and long_files[list[1]] or {}) do
      if name:find(rule[1]) then return rule[2] end
    end
    return file_name(list[1])
  end
  for _, group in ipairs(list) do
    if not group:find("^platform") then
      return type_.enum and #type_.enum > 20 and "codes" or "shared"
    end
  end
  return "platform_shared"
end

-- Places every type: "input.payment.CardCredential". Types of both directions are inputs.
local function place_types(rows, types, home_of)
  local place = {}
  for name, groups in pairs(users(rows, types, outputs)) do
    place[name] = home_of("output", name, groups, types[name])
  end
  for name, groups in pairs(users(rows, types, inputs)) do
    place[name] = home_of("input", name, groups, types[name])
  end
  return place
end

local function save_types(dir, api, types, place)
  local files = {}
  for name, where in pairs(place) do
    local file = where:match("^(.*)%.")
    files[file] = files[file] or {}
    table.insert(files[file], name)
  end
  for _, file in ipairs(model.keys(files)) do
    local names = files[file]
    table.sort(names)
    local comment = "Types of " .. api .. ": " .. file:gsub("%.", ", ") .. "."
    save(dir .. file:gsub("%.", "/") .. ".lua", write.source(place, comment, function(f)
      local entries = {}
      for i, name in ipairs(names) do entries[i] = f:type_(name, types[name]) end
      return entries
    end))
  end
end

local function save_rows(dir, api, rows, place)
  for group, list in pairs(by_group(rows)) do
    local comment = "Operations of " .. api .. "." .. group .. "; portone/api/init.lua describes"
      .. " the format."
    save(dir .. file_name(group) .. ".lua", write.source(place, comment, function(f)
      local entries = {}
      for i, row in ipairs(list) do entries[i] = f:row(row) end
      return entries
    end, "\n"))
  end
end

local function save_errors(dir, errors, place)
  save(dir .. "output/errors.lua", write.source(place,
    "Error types of v2: status, and fields beside `type` and `message`.", function(f)
      local entries = {}
      for i, type_ in ipairs(model.keys(errors)) do
        entries[i] = f:type_(type_, errors[type_])
      end
      return entries
    end))
end

local function save_names(dir, all)
  save(dir .. "names.lua", write.source({}, "Every group and what it holds.", function(f)
    local entries = {}
    for i, api in ipairs(model.keys(all)) do
      local groups = {}
      for group, list in pairs(by_group(all[api])) do
        groups[group] = {}
        for j, row in ipairs(list) do groups[group][j] = row.op end
      end
      entries[i] = "  " .. api .. " = " .. f:value(groups, 2, 100)
    end
    return entries
  end))
end

-- The payment window. V1's fields are written by hand and only annotated here.
local function save_checkout(spec_dir, out_dir)
  local browser = io.open(spec_dir .. "/browser-sdk.yml", "rb")
  if not browser then return end
  local requests, types, enums = require("generate.checkout").save(browser:read("*a"), save,
    out_dir .. "/lua/portone/checkout/schema/")
  browser:close()
  local by_hand = here .. "/../lua/portone/checkout/v1_"
  save(out_dir .. "/types/portone_checkout.lua", require("generate.luals_checkout").source(
    requests, types, enums, { pay = dofile(by_hand .. "fields.lua"),
      certification = dofile(by_hand .. "certification.lua") }))
end

local function main(spec_dir, out_dir)
  if not spec_dir then usage() end
  local dir = (out_dir or here .. "/..") .. "/lua/portone/api/"
  local v1_rows, v1_types = require("generate.v1").read(read_json(spec_dir .. "/v1.openapi.json"))
  local v2_rows, v2_types, errors =
    require("generate.v2").read(read_json(spec_dir .. "/v2.openapi.json"))

  local v1_place = place_types(v1_rows, v1_types, function(side, name)
    return side .. "." .. name
  end)
  local v2_place = place_types(v2_rows, v2_types, function(side, name, groups, type_)
    return side .. "." .. home(side, name, groups, type_) .. "." .. name
  end)
  for _, e in pairs(errors) do -- types that only errors mention
    local seen = {}
    for _, field in pairs(e.fields or {}) do model.closure(field, v2_types, seen) end
    for name in pairs(seen) do v2_place[name] = v2_place[name] or "output.failures." .. name end
  end

  save_names(dir, { v1 = v1_rows, v2 = v2_rows })
  save_rows(dir .. "v1/", "v1", v1_rows, v1_place)
  save_rows(dir .. "v2/", "v2", v2_rows, v2_place)
  save_types(dir .. "v1/", "v1", v1_types, v1_place)
  save_types(dir .. "v2/", "v2", v2_types, v2_place)
  save_errors(dir .. "v2/", errors, v2_place)

  save_checkout(spec_dir, out_dir or here .. "/..")

  local types_dir = (out_dir or here .. "/..") .. "/types/"
  save(types_dir .. "portone.lua", luals.surface)
  save(types_dir .. "portone_v1.lua", luals.source("v1", v1_rows, v1_types, v1_place))
  save(types_dir .. "portone_v2.lua", luals.source("v2", v2_rows, v2_types, v2_place, errors))
end

main(arg[1], arg[2])
