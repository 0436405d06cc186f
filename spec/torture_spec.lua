-- The short form of tools/torture.lua: charges through every fault at once, by clients that are
-- killed and started again; `make torture` is the long one.

local interpreter = rawget(_G, "jit") and "luajit" or _VERSION:lower():gsub(" ", "")

describe("2,000 charges and 20 killings #slow", function()
  it("end with every order charged once or certainly not, and the ledger knowing which", function()
    local pipe = assert(io.popen(("N=2000 KILLS=20 SETTLE=4 TASKS=16 %s tools/torture.lua 2>&1")
      :format(interpreter)))
    local report = pipe:read("*a")
    pipe:close()
    assert.truthy(report:find("\n0 wrong\n", 1, true), report)
    assert.truthy(report:find("killed 20 times", 1, true), report)
    local charged = tonumber(report:match("ledger: (%d+) charged once"))
    assert.is_true(charged > 1500, report)
  end)

  it("are wrong when the clients do not wait for what may still be at work", function()
    local report
    for seed = 1, 3 do  -- chance may once be kind
      local pipe = assert(io.popen(("N=600 KILLS=0 SEED=%d LATE=0.1 SETTLE=0 KEEP=no "
        .. "BLOCKING=1 %s tools/torture.lua 2>&1"):format(seed, interpreter)))
      report = pipe:read("*a")
      pipe:close()
      if report:find("WRONG", 1, true) then break end
    end
    assert.truthy(report:find("WRONG order", 1, true), report)
  end)
end)
