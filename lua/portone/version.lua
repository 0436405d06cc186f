-- SPDX-License-Identifier: MIT
-- The version, in this one place.
return "0.1.0"
