rockspec_format = "3.0"
package = "portone"
version = "scm-1"

-- Made for `luarocks make` in a clone of the repository: the tree that this file lies in.
source = { url = "git+file://." }

description = {
  summary = "PortOne payments for Lua, with a sandbox inside",
  detailed = [[
    Charges, billing keys and schedules of both generations of the PortOne API, on a C core
    over libcurl; a local PortOne with real HTTP to develop and test against, offline.]],
  license = "MIT",
  labels = { "payments", "http", "openresty" },
}

dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0",
}

-- By library, not by header: some systems keep these headers where only the compiler looks.
external_dependencies = {
  CURL = { library = "curl" },
  CRYPTO = { library = "crypto" },
  MICROHTTPD = { library = "microhttpd" },
}

test_dependencies = { "busted >= 2.1" }
test = { type = "busted" }

build = {
  type = "builtin",
  modules = {
    -- modules: kept by `make rockspec`
    ["portone.build"] = "lua/portone/build.lua",
    ["portone.call"] = "lua/portone/call.lua",
    ["portone.client"] = "lua/portone/client.lua",
    ["portone.error"] = "lua/portone/error.lua",
    ["portone.groups"] = "lua/portone/groups.lua",
    ["portone"] = "lua/portone/init.lua",
    ["portone.json"] = "lua/portone/json.lua",
    ["portone.loop.blocking"] = "lua/portone/loop/blocking.lua",
    ["portone.loop"] = "lua/portone/loop/init.lua",
    ["portone.options"] = "lua/portone/options.lua",
    ["portone.read"] = "lua/portone/read.lua",
    ["portone.redact"] = "lua/portone/redact.lua",
    ["portone.sandbox.cards"] = "lua/portone/sandbox/cards.lua",
    ["portone.sandbox.v1.answer"] = "lua/portone/sandbox/v1/answer.lua",
    ["portone.sandbox.v1.calendar"] = "lua/portone/sandbox/v1/calendar.lua",
    ["portone.sandbox.v1.cancel"] = "lua/portone/sandbox/v1/cancel.lua",
    ["portone.sandbox.v1.channels"] = "lua/portone/sandbox/v1/channels.lua",
    ["portone.sandbox.v1.charge"] = "lua/portone/sandbox/v1/charge.lua",
    ["portone.sandbox.v1.customers"] = "lua/portone/sandbox/v1/customers.lua",
    ["portone.sandbox.v1"] = "lua/portone/sandbox/v1/init.lua",
    ["portone.sandbox.v1.keys"] = "lua/portone/sandbox/v1/keys.lua",
    ["portone.sandbox.v1.money"] = "lua/portone/sandbox/v1/money.lua",
    ["portone.sandbox.v1.paging"] = "lua/portone/sandbox/v1/paging.lua",
    ["portone.sandbox.v1.payments"] = "lua/portone/sandbox/v1/payments.lua",
    ["portone.sandbox.v1.prepare"] = "lua/portone/sandbox/v1/prepare.lua",
    ["portone.sandbox.v1.schedules"] = "lua/portone/sandbox/v1/schedules.lua",
    ["portone.sandbox.v1.settings"] = "lua/portone/sandbox/v1/settings.lua",
    ["portone.sandbox.v1.state"] = "lua/portone/sandbox/v1/state.lua",
    ["portone.sandbox.v1.subscribe"] = "lua/portone/sandbox/v1/subscribe.lua",
    ["portone.sandbox.v1.users"] = "lua/portone/sandbox/v1/users.lua",
    ["portone.sandbox.v1.values"] = "lua/portone/sandbox/v1/values.lua",
    ["portone.sandbox.v1.view"] = "lua/portone/sandbox/v1/view.lua",
    ["portone.sandbox.v2.accounts"] = "lua/portone/sandbox/v2/accounts.lua",
    ["portone.sandbox.v2.answer"] = "lua/portone/sandbox/v2/answer.lua",
    ["portone.sandbox.v2.billing_keys"] = "lua/portone/sandbox/v2/billing_keys.lua",
    ["portone.sandbox.v2.cancels"] = "lua/portone/sandbox/v2/cancels.lua",
    ["portone.sandbox.v2.channels"] = "lua/portone/sandbox/v2/channels.lua",
    ["portone.sandbox.v2.charges"] = "lua/portone/sandbox/v2/charges.lua",
    ["portone.sandbox.v2.gateways"] = "lua/portone/sandbox/v2/gateways.lua",
    ["portone.sandbox.v2.instruments"] = "lua/portone/sandbox/v2/instruments.lua",
    ["portone.sandbox.v2.lists"] = "lua/portone/sandbox/v2/lists.lua",
    ["portone.sandbox.v2.money"] = "lua/portone/sandbox/v2/money.lua",
    ["portone.sandbox.v2.payments"] = "lua/portone/sandbox/v2/payments.lua",
    ["portone.sandbox.v2.promotions"] = "lua/portone/sandbox/v2/promotions.lua",
    ["portone.sandbox.v2.receipts"] = "lua/portone/sandbox/v2/receipts.lua",
    ["portone.sandbox.v2.schedules"] = "lua/portone/sandbox/v2/schedules.lua",
    ["portone.sandbox.v2.settings"] = "lua/portone/sandbox/v2/settings.lua",
    ["portone.sandbox.v2.state"] = "lua/portone/sandbox/v2/state.lua",
    ["portone.sandbox.v2.time"] = "lua/portone/sandbox/v2/time.lua",
    ["portone.sandbox.v2.view"] = "lua/portone/sandbox/v2/view.lua",
    ["portone.sandbox.v2.webhooks"] = "lua/portone/sandbox/v2/webhooks.lua",
    ["portone.time"] = "lua/portone/time.lua",
    ["portone.token"] = "lua/portone/token.lua",
    ["portone.verbs"] = "lua/portone/verbs.lua",
    ["portone.version"] = "lua/portone/version.lua",
    ["portone.core"] = {
      sources = {
        "src/buffer.c",
        "src/crypto.c",
        "src/lclient.c",
        "src/lcore.c",
        "src/lcrypto.c",
        "src/ljson.c",
        "src/transfer.c",
        "src/url.c",
      },
      incdirs = { "src", "$(CURL_INCDIR)", "$(CRYPTO_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)", "$(CRYPTO_LIBDIR)" },
      libraries = { "curl", "crypto", "pthread" },
      defines = { "_GNU_SOURCE" },
    },
    ["portone.sandbox.httpd"] = {
      sources = {
        "src/buffer.c",
        "src/crypto.c",
        "src/sandbox/answer.c",
        "src/sandbox/courier.c",
        "src/sandbox/httpd.c",
        "src/sandbox/lhttpd.c",
        "src/sandbox/lprivate.c",
        "src/sandbox/pacer.c",
        "src/transfer.c",
        "src/url.c",
      },
      incdirs = { "src", "$(MICROHTTPD_INCDIR)", "$(CURL_INCDIR)", "$(CRYPTO_INCDIR)" },
      libdirs = { "$(MICROHTTPD_LIBDIR)", "$(CURL_LIBDIR)", "$(CRYPTO_LIBDIR)" },
      libraries = { "microhttpd", "curl", "crypto", "pthread" },
      defines = { "_GNU_SOURCE" },
    },
    -- end of modules
  },
}
