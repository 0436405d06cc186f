-- What the shop has to know, all of it from the environment. How to reach PortOne is not named in
-- here: portone itself reads PORTONE_API_SECRET, PORTONE_STORE_ID, PORTONE_WEBHOOK_SECRET and,
-- for V1, PORTONE_V1_API_KEY and PORTONE_V1_API_SECRET.

local M = {}

---@return table settings
function M.read()
  return {
    url = os.getenv "SHOP_URL" or "http://127.0.0.1:8080",   -- as customers and PortOne reach it
    database = os.getenv "SHOP_DATABASE" or "shop.db",
    secret = os.getenv "SHOP_SECRET",            -- the forms' tokens are made with it
    channel_key = os.getenv "SHOP_CHANNEL_KEY",  -- of Toss Payments, in PortOne's console
    user_code = os.getenv "SHOP_USER_CODE",      -- V1: the console's imp…
    test = os.getenv "SHOP_TEST" == "1",         -- test channels count: never in earnest
    store_id = os.getenv "PORTONE_STORE_ID",
    -- of PortOne when unset; a sandbox has its own
    sdk = { v2 = os.getenv "SHOP_SDK_V2", v1 = os.getenv "SHOP_SDK_V1" },
  }
end

---The environment of a shop that is to run against a sandbox.
---@param sandbox portone.sandbox
---@param url string       of the shop
---@param database string  a file
---@return table<string, string>
function M.of_sandbox(sandbox, url, database)
  return {
    PORTONE_API_SECRET = sandbox.api_secret, PORTONE_STORE_ID = sandbox.store_id,
    PORTONE_BASE_URL = sandbox.v2_url, PORTONE_V1_BASE_URL = sandbox.v1_url,
    PORTONE_V1_API_KEY = sandbox.imp_key, PORTONE_V1_API_SECRET = sandbox.imp_secret,
    PORTONE_WEBHOOK_SECRET = sandbox.webhook_secret,
    SHOP_URL = url, SHOP_DATABASE = database, SHOP_SECRET = sandbox.seed .. sandbox.api_secret,
    SHOP_CHANNEL_KEY = sandbox.channel_keys.tosspayments, SHOP_USER_CODE = "imp00000000",
    SHOP_TEST = "1",
    SHOP_SDK_V2 = sandbox.v2_url .. "/v2/browser-sdk.js",
    SHOP_SDK_V1 = sandbox.v1_url .. "/v1/iamport.js",
  }
end

return M
