-- SPDX-License-Identifier: MIT
-- The surface of iamport.js: window.IMP. A callback gets the answer of the window; a mistake of
-- the page gets there too, as { success: false, error_code, error_msg }.

local M = {}

local SURFACE = [[

  var who = {};

  function call(method, params, callback, more) {
    function tell(rsp) {
      if (typeof callback === "function") callback(rsp);
      else if (rsp.error_msg) console.warn(PREFIX + method + ": " + rsp.error_msg);
    }
    function failed(message, code) {
      tell({ success: false, imp_uid: null,
        merchant_uid: params && params.merchant_uid !== undefined ? params.merchant_uid : null,
        error_code: code || "F400", error_msg: message });
    }
    if (!who.user_code) {
      console.error(PREFIX + "IMP.init(userCode) must be called first");
      failed("IMP.init(userCode) must be called first");
      return;
    }
    if (callback !== undefined && typeof callback !== "function") {
      throw new TypeError("IMP." + method + ": the callback must be a function");
    }
    open("v1", method, params, Object.assign({ user_code: who.user_code, tier: who.tier }, more),
      "PortOne", function (told) {
        if (told.failure) failed(told.failure.message, told.failure.code);
        else tell(told.result);
      });
  }

  var loaded = {};
  var IMP = {
    init: function (userCode) {
      if (typeof userCode !== "string" || userCode === "") {
        throw new Error("IMP.init: the merchant's code (imp…) is expected");
      }
      who = { user_code: userCode };
    },
    agency: function (userCode, tierCode) {
      if (!/^[A-Z0-9]{3}$/.test(String(tierCode))) {
        throw new Error("IMP.agency: a tier code is three letters (A-Z) or digits");
      }
      who = { user_code: userCode, tier: tierCode };
    },
    request_pay: function (params, callback) { call("request_pay", params, callback); },
    certification: function (params, callback) { call("certification", params, callback); },
    loadUI: function (uiType, params, callback) {
      loaded[uiType] = params;
      function pay() { call("request_pay", loaded[uiType], callback, { ui: uiType }); }
      if (uiType !== "toss-brandpay-widget") {
        drawButton(uiType, pay);
        return;
      }
      // the widget's button is the page's own
      var button = document.getElementById("portone-toss-brandpay-widget-button");
      if (!button) {
        throw new Error("the page has no element #portone-toss-brandpay-widget-button");
      }
      container(uiType).textContent = "Toss BrandPay";
      button.addEventListener("click", pay);
    },
    updateLoadUIRequest: function (uiType, params) {
      if (!loaded[uiType]) throw new Error("IMP.loadUI('" + uiType + "') was not called before");
      loaded[uiType] = params;
    },
    loadModule: function (name) {
      return Promise.reject(new Error("the sandbox has no module " + name));
    },
    close: function () { if (current) current.close(); }
  };
  window.IMP = IMP;
]]

---@return string
function M.text()
  return SURFACE
end

return M
