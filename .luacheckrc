-- What Lua 5.1, 5.3, 5.4 and LuaJIT have in common, and the names that some of them lack
-- and the code asks for before it uses them.
std = "min+luajit"
read_globals = {
  "ngx",
  "utf8",
  math = { fields = { "tointeger", "type" } },
  table = { fields = { "unpack", "pack", "move" } },
}
max_line_length = 100
exclude_files = { "build", "types" }

files["spec"] = { std = "+busted" }
files["spec/host"] = { read_globals = { "host" } }
files["examples/subscription_spec.lua"] = { std = "+busted" }
files["examples/openresty"] = { globals = { "ngx" } }
files["examples/shop"] = { globals = { "ngx" } }
files["examples/billing_run"] = { read_globals = { "issue_billing_key" } }  -- of the prompt
