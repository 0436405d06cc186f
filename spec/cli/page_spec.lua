-- docs/command-line.md and the examples for the command: what they show is run as it stands, in a
-- copy of examples/. Blocks of `sh` run from the page's top to its end in one shell; a block of
-- `text` is what the one before it printed, … standing for anything. Blocks without a language need
-- what is not here, and are not run.
local command = require "spec.support.command"

local MARK = "==== end of block"

-- Two ports that are free, the second after the first.
local function free_ports()
  local socket = require "socket"
  for _ = 1, 50 do
    local first = assert(socket.bind("127.0.0.1", 0))
    local _, port = first:getsockname()
    local second = socket.bind("127.0.0.1", tonumber(port) + 1)
    first:close()
    if second then
      second:close()
      return tonumber(port)
    end
  end
  error "no ports"
end

local function blocks(text)
  local list = {}
  for language, body in text:gmatch("\n```(%l+)\n(.-\n)```") do
    list[#list + 1] = { language = language, text = body }
  end
  return list
end

local function pattern(text)
  return (text:gsub("\n$", ""):gsub("%p", "%%%0"):gsub("%s*…%s*", ".-"):gsub("[ \t]+", "%%s+"))
end

describe("docs/command-line.md #slow", function()
  local dir, outputs, list

  setup(function()
    list = blocks(command.read "docs/command-line.md")
    dir = command.directory()
    command.shell(("cp -R examples %s/"):format(dir))
    local here = command.shell("pwd"):gsub("%s+$", "")
    command.shell(("mkdir %s/bin; ln -s %s/bin/portone %s/portone.lua"):format(dir, here, dir))
    command.write(dir .. "/bin/portone", ("#!/bin/sh\nexec %s %s/portone.lua \"$@\"\n")
      :format(command.lua, dir))
    command.shell(("chmod +x %s/bin/portone"):format(dir))
    local script = { "cd " .. dir, "PATH=" .. dir .. "/bin:$PATH", "export PORTONE_HISTORY=",
      "trap 'kill $(jobs -p)' EXIT" }
    for _, block in ipairs(list) do
      if block.language == "sh" then
        script[#script + 1] = block.text .. "echo '" .. MARK .. "' $?"
      end
    end
    local port = free_ports()
    local text = table.concat(script, "\n"):gsub("8010", ("%d"):format(port))
    command.write(dir .. "/script", text .. "\n")
    local out = command.shell(("bash %s/script 2>&1 </dev/null"):format(dir))
    outputs = {}
    for part, status in out:gmatch("(.-)" .. MARK .. " (%d+)\n") do
      outputs[#outputs + 1] = { text = part, status = status }
    end
  end)

  teardown(function() command.shell("rm -rf " .. dir) end)

  it("shows commands that run, and what they print", function()
    local n = 0
    for i, block in ipairs(list) do
      if block.language == "sh" then
        n = n + 1
        assert.truthy(outputs[n], "not run: " .. block.text)
        assert.equal("0", outputs[n].status, block.text .. outputs[n].text)
        assert.is_nil(outputs[n].text:find("Usage:.*Error", 1), outputs[n].text)
      elseif block.language == "text" then
        assert.equal("sh", list[i - 1].language)
        assert.truthy(outputs[n].text:find(pattern(block.text)),
          outputs[n].text .. "\nis not\n" .. block.text)
      end
    end
    assert.is_true(n >= 9)
    assert.equal(n, #outputs)
  end)

  it("has settings, results and refusals where it says so", function()
    assert.truthy(outputs[4].text:find '"value":%d+')
    assert.truthy(outputs[#outputs].text:find("no matching signature.*status 77\n"))
    local result = command.read(dir .. "/examples/billing_run/november.csv.result.csv")
    assert.truthy(result:find("\n11,2026%-11%-10,declined,4900,KRW,imp_%d+,declined,,"
      .. "%[REJECT_CARD_COMPANY%]"), result)
  end)
end)

describe("examples/repl_tour.txt #slow", function()
  it("pays, explains a mistake and lets a month pass", function()
    local out, err, status = command.run("repl", { input = command.read "examples/repl_tour.txt" })
    assert.equal(0, status, err)
    assert.equal("", err)
    for _, part in ipairs { '\n"paid"\n1\nportone: invalid_request: nothing was sent: amount:',
      '\n"invalid_request"\n', "\nv1.subscribe.again\n", '\n"paid"\norder-1001\t3000\tpaid\n'
        .. "order-1003\t3000\tpaid\n" } do
      assert.truthy(out:find(part, 1, true), part .. "\n" .. out)
    end
  end)
end)
