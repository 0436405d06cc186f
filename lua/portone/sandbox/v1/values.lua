-- SPDX-License-Identifier: MIT
-- The values that Lua has no word for: JSON null and the array that may be empty.
-- The one place where the books meet the JSON codec.

local json = require "portone.json"

return { null = json.null, array = json.array, encode = json.encode }
