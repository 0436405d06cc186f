-- SPDX-License-Identifier: MIT
-- The scripts that stand in for PortOne's SDKs: a core that opens windows, and the surface of
-- each SDK over it. They find the sandbox by the address that they were loaded from.

local M = {}

local files = { v1 = "portone.sandbox.browser.sdk_v1", v2 = "portone.sandbox.browser.sdk_v2" }

-- Opens windows and hears their answers. An answer is believed when it comes from the window
-- that was opened, from the sandbox's origin, under the window's id.
local CORE = [[
  var base = new URL(document.currentScript.src).origin;
  var PREFIX = "[PortOne sandbox] ";

  function device() {
    return /Android|iPhone|iPad|iPod|Mobile/i.test(navigator.userAgent) ? "mobile" : "pc";
  }

  function post(path, value) {
    return fetch(base + path, {
      method: "POST", mode: "cors", credentials: "omit",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(value)
    }).then(function (reply) {
      return reply.json().then(function (body) { return { ok: reply.ok, body: body }; });
    });
  }

  // What lies over the page while an iframe is open.
  function overlay(url, title, onClose) {
    var box = document.createElement("div"), frame = document.createElement("iframe");
    var bar = document.createElement("div"), shut = document.createElement("button");
    var before = document.activeElement;
    box.className = "portone-sandbox-overlay";
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-modal", "true");
    box.setAttribute("aria-label", title);
    box.style.cssText = "position:fixed;inset:0;z-index:2147483000;display:flex;" +
      "flex-direction:column;align-items:center;justify-content:center;" +
      "background:rgba(17,24,39,.6)";
    bar.style.cssText = "width:min(100%,27rem);display:flex;justify-content:flex-end";
    shut.type = "button";
    shut.setAttribute("aria-label", "결제창 닫기 / Close the window");
    shut.setAttribute("data-testid", "portone-sandbox-close");
    shut.textContent = "\u2715";
    shut.style.cssText = "width:44px;height:44px;border:0;background:none;color:#fff;" +
      "font-size:20px;cursor:pointer";
    shut.addEventListener("click", onClose);
    frame.src = url;
    frame.title = title;
    frame.name = "portone-sandbox-window";
    frame.style.cssText = "width:min(100%,27rem);height:min(calc(100% - 44px),42rem);border:0;" +
      "background:#fff;border-radius:12px";
    bar.appendChild(shut);
    box.appendChild(bar);
    box.appendChild(frame);
    box.addEventListener("keydown", function (event) {
      if (event.key === "Escape") onClose();
    });
    // the page beneath is out of reach until the window has gone
    var rest = Array.prototype.filter.call(document.body.children, function (e) {
      return !e.inert;
    });
    rest.forEach(function (e) { e.inert = true; });
    document.body.appendChild(box);
    frame.focus();
    return {
      source: function () { return frame.contentWindow; },
      gone: function () { return !box.isConnected; },
      close: function () {
        box.remove();
        rest.forEach(function (e) { e.inert = false; });
        if (before && before.focus) before.focus();
      }
    };
  }

  function popup(url, center) {
    var width = 440, height = 720;
    var features = "popup=yes,width=" + width + ",height=" + height;
    if (center) {
      features += ",left=" + Math.max(0, (screen.width - width) / 2) +
        ",top=" + Math.max(0, (screen.height - height) / 2);
    }
    var win = window.open(url, "_blank", features);
    if (!win) return null;
    return {
      source: function () { return win; },
      gone: function () { return win.closed; },
      close: function () { win.close(); }
    };
  }

  var current = null;  // one window at a time

  // Shows an opened window. `answer` is called once with { result }, or not at all when the
  // browser leaves the page.
  function show(opened, title, answer) {
    if (opened.type === "REDIRECTION") {
      location.assign(opened.url);
      return;
    }
    var view = null, timer = null, over = false;
    function finish(told) {
      if (over) return;
      over = true;
      clearInterval(timer);
      window.removeEventListener("message", hear);
      view.close();
      current = null;
      if (told.redirect) location.assign(told.redirect);
      else answer({ result: told.result });
    }
    function hear(event) {
      if (event.origin !== base || event.source !== view.source()) return;
      var told = event.data;
      if (told && told.portone === "sandbox" && told.id === opened.id) finish(told);
    }
    function left() {
      clearInterval(timer);
      post("/_sandbox/window/" + opened.id + "/closed", {}).then(function (reply) {
        finish(reply.body);
      }, function (e) { finish({ result: { code: "Unavailable", message: String(e) } }); });
    }
    window.addEventListener("message", hear);
    if (opened.type === "POPUP") {
      view = popup(opened.url, opened.center);
      if (!view) console.warn(PREFIX + "the browser blocked the popup; an iframe takes its place");
    }
    view = view || overlay(opened.url, title, left);
    current = { close: left };
    timer = setInterval(function () { if (view.gone()) left(); }, 250);
  }

  // Asks the sandbox for a window: `answer` gets { failure } or what `show` tells.
  function open(api, method, params, more, title, answer) {
    var asked;
    try {
      asked = post("/_sandbox/window", Object.assign({
        api: api, method: method, device: device(), params: params == null ? {} : params
      }, more));
    } catch (e) {
      answer({ failure: { code: "BadRequest", message: "not JSON: " + e.message } });
      return;
    }
    asked.then(function (reply) {
      if (!reply.ok) {
        console.error(PREFIX + method + ": " + reply.body.message);
        answer({ failure: reply.body });
        return;
      }
      (reply.body.warnings || []).forEach(function (w) {
        console.warn(PREFIX + method + ": " + w.path + ": " + w.problem);
      });
      show(reply.body, title, answer);
    }, function (e) {
      answer({ failure: { code: "Unavailable",
        message: "the sandbox at " + base + " cannot be reached: " + e.message } });
    });
  }

  // Where loadPaymentUI, loadUI and the like draw their button.
  function container(type) {
    var all = Array.prototype.slice.call(document.querySelectorAll(".portone-ui-container"));
    if (all.length === 0) {
      throw new Error("the page has no element of the class portone-ui-container");
    }
    if (all.length === 1) return all[0];
    var own = all.filter(function (e) { return e.dataset.portoneUiType === type; });
    if (own.length !== 1) {
      throw new Error(own.length === 0
        ? "no portone-ui-container has data-portone-ui-type=\"" + type + "\""
        : "more than one portone-ui-container has data-portone-ui-type=\"" + type + "\"");
    }
    return own[0];
  }

  function drawButton(type, onClick) {
    var place = container(type), button = document.createElement("button");
    button.type = "button";
    button.setAttribute("data-testid", "portone-sandbox-ui");
    button.textContent = "PayPal";
    button.style.cssText = "width:100%;min-height:44px;border:0;border-radius:6px;" +
      "background:#ffc439;color:#111;font:700 16px/1 system-ui,sans-serif;cursor:pointer";
    button.addEventListener("click", onClick);
    place.textContent = "";
    place.appendChild(button);
  }
]]

local made = {}

---The text of a script.
---@param name "v1"|"v2"
---@return string
function M.text(name)
  made[name] = made[name] or ("// Stand-in for PortOne's %s, of the sandbox of the Lua module "
    .. "portone. It moves no money.\n(function () {\n  \"use strict\";\n%s%s}());\n"):format(
    name == "v1" and "iamport.js" or "V2 browser SDK", CORE, require(files[name]).text())
  return made[name]
end

return M
