-- SPDX-License-Identifier: MIT
-- The surface of the V2 browser SDK: window.PortOne.

local json = require "portone.json"

local M = {}

-- A promise is kept with the response of the schema; `code` in it tells of a failure. It is
-- broken when no window came up: the page's own mistake, or a payment that cannot be.
local SURFACE = [=[

  var kinds = {
    requestPayment: "PaymentError",
    requestIdentityVerification: "IdentityVerificationError",
    requestIssueBillingKey: "IssueBillingKeyError",
    requestIssueBillingKeyAndPay: "IssueBillingKeyAndPayError",
    loadPaymentUI: "LoadPaymentUIError",
    loadIssueBillingKeyUI: "LoadIssueBillingKeyUIError"
  };

  class PortOneError extends Error {
    constructor(kind, fields) {
      super(fields.message);
      this.name = kind;
      this.__portOneErrorType = kind;
      Object.assign(this, fields);
    }
  }

  function isA(kind) {
    return function (e) {
      return e != null && (kind ? e.__portOneErrorType === kind : "__portOneErrorType" in e);
    };
  }

  function request(method) {
    return function (params) {
      return new Promise(function (resolve, reject) {
        open("v2", method, params, {}, "PortOne", function (told) {
          if (told.failure) reject(new PortOneError(kinds[method], told.failure));
          else resolve(told.result);
        });
      });
    };
  }

  // A button in the page; what it asks for may change until somebody presses it.
  var loaded = {};
  function load(method, success, fail) {
    return function (params, callbacks) {
      return new Promise(function (resolve, reject) {
        loaded[method] = params;
        callbacks = callbacks || {};
        try {
          drawButton(params && params.uiType, function () {
            open("v2", method, loaded[method], {}, "PortOne", function (told) {
              var result = told.failure || told.result;
              if (result.code === undefined) {
                if (callbacks[success]) callbacks[success](result);
              } else if (callbacks[fail]) {
                callbacks[fail](new PortOneError(kinds[method], result));
              }
            });
          });
          resolve();
        } catch (e) {
          reject(new PortOneError(kinds[method], { code: "BadRequest", message: e.message }));
        }
      });
    };
  }

  function update(method) {
    return function (params) {
      if (!loaded[method]) {
        return Promise.reject(new PortOneError(kinds[method], { code: "BadRequest",
          message: method + " was not called before" }));
      }
      loaded[method] = params;
      return Promise.resolve();
    };
  }

  var constants = {constants};
  var PortOne = Object.assign({
    requestPayment: request("requestPayment"),
    requestIdentityVerification: request("requestIdentityVerification"),
    requestIssueBillingKey: request("requestIssueBillingKey"),
    requestIssueBillingKeyAndPay: request("requestIssueBillingKeyAndPay"),
    loadPaymentUI: load("loadPaymentUI", "onPaymentSuccess", "onPaymentFail"),
    loadIssueBillingKeyUI: load("loadIssueBillingKeyUI", "onIssueBillingKeySuccess",
      "onIssueBillingKeyFail"),
    updateLoadPaymentUIRequest: update("loadPaymentUI"),
    updateLoadIssueBillingKeyUIRequest: update("loadIssueBillingKeyUI"),
    PortOneError: PortOneError, isPortOneError: isA(), Entity: constants
  }, constants);
  Object.keys(kinds).forEach(function (method) {
    PortOne["is" + kinds[method]] = isA(kinds[method]);
  });
  window.PortOne = PortOne;
]=]

-- PortOne.Currency.KRW and the like: a value of an enum with a prefix carries it.
local function constants()
  local out = {}
  for name, enum in pairs(require "portone.checkout.schema.enums") do
    local values = {}
    for _, value in ipairs(enum.values) do
      values[value] = enum.prefix and enum.prefix .. "_" .. value or value
    end
    out[name] = values
  end
  return assert(json.encode(out))
end

---@return string
function M.text()
  return (SURFACE:gsub("{constants}", function() return constants() end))
end

return M
