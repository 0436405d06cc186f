-- The command as a whole: help, versions, words that it refuses, completion, its man page.
local command = require "spec.support.command"

local NAMES = { "repl", "sandbox", "call", "ops", "describe", "webhook", "bill", "doctor" }

describe("portone #slow", function()
  it("says what there is, with examples, for each command", function()
    local out, err, status = command.run "--help"
    assert.equal(0, status, err)
    for _, name in ipairs(NAMES) do
      assert.truthy(out:find("\n   " .. name .. " ", 1, true), name)
      local help = command.run(name .. " --help")
      assert.truthy(help:find("Usage: portone " .. name, 1, true), name)
      assert.truthy(help:find("\nExamples?:\n   portone "), name)
    end
    for _, name in ipairs { "verify", "sign", "listen" } do
      assert.truthy(command.run("webhook " .. name .. " --help"):find "Example")
    end
  end)

  it("prints its version", function()
    assert.equal("portone " .. require "portone.version" .. "\n", (command.run "--version"))
  end)

  it("refuses what it does not know with status 64", function()
    for _, args in ipairs { "", "cal", "ops --jsn", "call", "repl extra" } do
      local out, err, status = command.run(args)
      assert.equal(64, status, args)
      assert.equal("", out)
      assert.truthy(err:find("^portone: "), err)
    end
    assert.truthy(select(2, command.run "cal"):find "Did you mean 'call'")
  end)

  it("takes no secret from a command line, and does not repeat it", function()
    for _, args in ipairs { "--api-secret=s3cr3t ops", "call --imp_secret s3cr3t x",
      "doctor --v1-api-key s3cr3t", "bill x.csv --redis-password=s3cr3t",
      "call issue_billing_key card_number=s3cr3t", "call pay_instantly "
        .. "method.card.credential.number=s3cr3t", "bill a.csv --redis redis://u:s3cr3t@h" } do
      local out, err, status = command.run(args, { env = { PORTONE_API_SECRET = "x" } })
      assert.truthy(status == 64 or status == 66, args .. ": " .. status)
      assert.truthy(err ~= "")
      assert.is_nil((out .. err):find("s3cr3t", 1, true), err)
    end
  end)

  it("says which library it misses", function()
    local text = command.shell(command.lua .. [[ -e 'package.preload.argparse = function() ]]
      .. [[error "none" end' bin/portone ops 2>&1; echo $?]])
    assert.truthy(text:find("lua%-argparse.*\n69\n$"), text)
  end)

  it("lists operations and describes them", function()
    local out, _, status = command.run "ops billing-key"
    assert.equal(0, status)
    assert.truthy(out:find("\nv2%.payment%.pay_with_billing_key +POST +/payments/{paymentId}/"
      .. "billing%-key"))
    assert.equal(4, select(3, command.run "ops nothing-like-it"))
    local rows = require("portone.json").decode((command.run "ops ^v1.*cancel --json"))
    assert.equal("v1.", rows[1].name:sub(1, 3))
    assert.truthy((command.run "describe again"):find("^v1%.subscribe%.again\n"))
    local _, err, wrong = command.run "describe v2.payment.get_paymnt"
    assert.equal(64, wrong)
    assert.truthy(err:find("did you mean v2.payment.get_payment?", 1, true), err)
  end)

  it("colours nothing that is not a terminal, and nothing under NO_COLOR", function()
    local function on_terminal(env)
      return command.shell(("TERM=xterm script -qec %s /dev/null </dev/null"):format(
        command.quote(command.line("doctor --offline", env))))
    end
    assert.is_nil((command.run "doctor --offline"):find("\27[", 1, true))
    assert.truthy(on_terminal { TERM = "xterm" }:find("\27[32mok", 1, true))
    assert.is_nil(on_terminal { TERM = "xterm", NO_COLOR = "1" }:find("\27[", 1, true))
  end)
end)

describe("portone completion #slow", function()
  local function script(shell)
    local out, err, status = command.run("completion " .. shell)
    assert.equal(0, status, err)
    return out
  end

  it("gives bash the commands and their options", function()
    local dir = command.directory()
    command.write(dir .. "/complete", script "bash" .. [[

COMP_WORDS=(portone bi) COMP_CWORD=1; _portone; echo "${COMPREPLY[@]}"
COMP_WORDS=(portone bill --led) COMP_CWORD=2; _portone; echo "${COMPREPLY[@]}"
COMP_WORDS=(portone sandbox --clock r) COMP_CWORD=3; _portone; echo "${COMPREPLY[@]}"
COMP_WORDS=(portone call v2.payment.get_payment) COMP_CWORD=2; _portone_operations
echo "${COMPREPLY[@]}"
]])
    local out = command.shell(("bash %s/complete 2>&1"):format(dir))
    command.shell("rm -rf " .. dir)
    local lines = {}
    for line in out:gmatch("[^\n]+") do lines[#lines + 1] = line end
    assert.equal("bill", lines[1])
    assert.equal("--ledger", lines[2])
    assert.equal("real", lines[3])
    assert.truthy((lines[4] or ""):find "^v2%.payment%.get_payment v2", out)
  end)

  it("gives zsh and fish what they understand", function()
    for _, shell in ipairs { "zsh", "fish" } do
      local text = script(shell)
      assert.truthy(text:find("bill", 1, true))
      if command.shell(("command -v %s"):format(shell)) ~= "" then
        local dir = command.directory()
        command.write(dir .. "/complete", text)
        local out = command.shell(("%s -n %s/complete 2>&1; echo $?"):format(shell, dir))
        command.shell("rm -rf " .. dir)
        assert.equal("0\n", out)
      end
    end
  end)
end)

describe("portone(1) #slow", function()
  local page = command.read "man/portone.1" or ""

  it("has every command and every option that --help has", function()
    for _, name in ipairs { "repl", "sandbox", "call", "ops", "describe", "bill", "doctor",
      "webhook verify", "webhook sign", "webhook listen" } do
      local help = command.run(name .. " --help")
      assert.truthy(page:find(".Ss " .. name .. "\n", 1, true), name)
      for option in help:gmatch("\n +%-%-?[^\n]*") do
        local long = option:match("%-%-([%w%-]+)")
        if long ~= "help" then
          assert.truthy(page:find("\n%.It Fl Fl " .. long:gsub("%-", "%%-") .. "[ \n]"),
            name .. " --" .. long)
        end
      end
    end
  end)

  it("is free of what the formatters warn about", function()
    if command.shell "command -v mandoc" ~= "" then
      assert.equal("", command.shell "mandoc -T lint -W warning man/portone.1 2>&1")
    end
    if command.shell "command -v man" ~= "" then
      assert.equal("", command.shell("man --warnings -E UTF-8 -l -Tutf8 -Z man/portone.1 2>&1 "
        .. ">/dev/null"))
    end
  end)
end)
