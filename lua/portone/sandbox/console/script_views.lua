-- SPDX-License-Identifier: MIT
-- The console's script, second part: what each view shows, and the loop that keeps it current.

return [==[

const MOODS = { paid: "good", issued: "good", failed: "bad", waiting: "wait", deposit: "wait",
  partial: "wait", scheduled: "wait", accepted: "good", refused: "bad", "no answer": "bad" };
const state_tag = (row) => tag(word("states", row.state), MOODS[row.state]);
const dots = (...parts) => parts.filter(Boolean).flatMap((one, i) => i ? [" · ", one] : [one]);
const status_mood = (status) => status >= 400 ? "bad" : status >= 200 && status < 300 ? "good" : "";

// ── payments, billing keys, schedules ──

const one_address = (kind, row) => BASE + "one?" + new URLSearchParams(
  { kind, api: row.api, id: row.id, ...(row.store ? { store: row.store } : {}) });

function related(row, found) {
  if (!found.value.rows.length) return null;
  return el("section", {}, el("h3", {}, t("related")), el("ul.small", {}, found.value.rows.map(
    (entry) => el("li", {}, time(entry.at), ...entry_words(entry)))),
  el("a", { href: place("timeline", { q: row.order || row.id }), "data-name": "related" },
    t("see_all")));
}

const whose = (row) => row.api === "v1" ? { imp_uid: row.id }
  : { payment_id: row.id, store_id: row.store };

function refund_form(row) {
  const amount = el("input", { name: "amount", inputmode: "decimal", autocomplete: "off" });
  const reason = el("input", { name: "reason", autocomplete: "off" });
  const submit = doing(async () => {
    const scale = 10 ** (row.decimals || 0);
    const args = whose(row);
    if (amount.value.trim()) {
      args.amount = Math.round(Number(amount.value.replace(/,/g, "")) * scale * 1e6) / 1e6;
      if (!Number.isFinite(args.amount)) throw new Error(t("amount") + ": " + amount.value);
    }
    if (reason.value) args.reason = reason.value;
    const made = await act(row.api + ".cancel", args);
    amount.value = reason.value = "";
    return t(made.status === "REQUESTED" ? "cancel_asked" : "cancel_done");
  });
  return el("form", { onsubmit: submit }, el("h3", {}, t("cancel_form")), el("div.tools", {},
    field(t("cancel_amount", money(row.left, row)), amount),
    field(t("cancel_reason"), reason),
    el("button", { type: "submit", "data-name": "refund" }, t("cancel_do"))));
}

function deposit_button(row) {
  return el("div.buttons", {}, el("button.main", { type: "button", "data-name": "deposit",
    onclick: doing(async () => {
      await act(row.api + ".deposit", whose(row));
      return t("deposit_done");
    }) }, t("deposit_do", money(row.amount, row))));
}

function settle_button(row) {
  return el("div.buttons", {}, el("button", { type: "button", "data-name": "settle",
    onclick: doing(async () => {
      await act("v2.settle_cancellation", { payment_id: row.id, store_id: row.store });
      return t("settle_done");
    }) }, t("settle_do")));
}

function book_facts(row, kind) {
  return facts([[t("id"), el("span.code", {}, row.id)],
    [t("order"), row.order !== row.id && el("span.code", {}, row.order || "")],
    [t("status"), row.status], [t("pg"), row.pg], [t("method"), row.method],
    [t("amount"), row.amount !== undefined && money(row.amount, row)],
    [t("cancelled_amount"), row.cancelled ? money(row.cancelled, row) : null],
    [t("customer"), row.customer && el("span.code", {}, row.customer)],
    [t("card"), row.number && dots(row.card, el("span.code", {}, row.number))],
    [t("group"), row.group], [t("reason"), row.reason],
    [t(kind === "schedules" ? "due" : "at"), time(row.at, moment(row.at))],
  ].filter((fact) => fact[1] !== false).map(([name, value]) =>
    [name, Array.isArray(value) ? el("span", {}, value) : value]));
}

async function book_detail(kind, row) {
  const history = BASE + "timeline?" + new URLSearchParams({ limit: 10, q: row.order || row.id });
  const [one, found] = await Promise.all([read(one_address(kind, row)), read(history)]);
  const looks = JSON.stringify([row, one.value, found.value.rows]);
  return [looks, () => [book_facts(row, kind),
    row.state === "deposit" && deposit_button(row),
    row.pending && settle_button(row),
    kind === "payments" && row.left > 0 && refund_form(row),
    related(row, found), part("object", JSON.stringify(one.value))]];
}

function book_row(kind) {
  return (item, row) => {
    const id = el("span.code", {}, kind === "keys" ? row.id : row.order);
    const what = kind === "keys" ? dots(row.card, row.number && el("span.code", {}, row.number))
      : [row.name || ""];
    folding(item, [
      kind === "keys" ? id : el("span", {}, ...what, " ", id),
      row.amount === undefined ? state_tag(row) : el("strong.num", {}, money(row.amount, row)),
      el("span", {}, dots(time(row.at), row.api.toUpperCase(), row.pg, kind === "keys" ? null
        : row.method, kind === "keys" && el("span", {}, what))),
      row.amount === undefined ? null : state_tag(row),
    ], () => book_detail(kind, row));
  };
}

function search_tools(choices, name, words) {
  const looks = lang + view + JSON.stringify(choices);
  if ($("tools").looks === looks) {
    for (const one of $("tools").querySelectorAll("[name]"))
      if (one !== document.activeElement) one.value = filter[one.getAttribute("name")] || "";
    return;
  }
  const search = el("input", { type: "search", name: "q", value: filter.q || "",
    autocomplete: "off", spellcheck: "false" });
  const select = choices && el("select", { name }, el("option", { value: "" }, t("all")),
    choices.map((one) => el("option", { value: one, selected: filter[name] === one },
      word(words, one))));
  let wait;
  const go = () => {
    const more = {};
    if (search.value.trim()) more.q = search.value.trim();
    if (select && select.value) more[name] = select.value;
    history.replaceState(null, "", place(view, more));
    filter = more;
    cursors = [];
    refresh();
  };
  search.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(go, 250); });
  if (select) select.addEventListener("change", go);
  $("tools").looks = looks;
  $("tools").replaceChildren(el("form.tools", { role: "search",
    onsubmit: (event) => { event.preventDefault(); go(); } },
  field(t("search"), search, "wide"),
  select && field(t(name === "state" ? "state" : "show"), select)));
}

function show_pager(first, last, total, older) {
  $("pager").hidden = !(older || cursors.length);
  $("range").textContent = last ? t("range", first.toLocaleString(lang),
    last.toLocaleString(lang), total.toLocaleString(lang)) : "";
  $("newer").setAttribute("aria-disabled", String(!cursors.length));
  $("older").setAttribute("aria-disabled", String(!older));
}

const STATES_OF = { payments: ["paid", "waiting", "deposit", "partial", "cancelled", "failed"],
  keys: ["issued", "deleted"], schedules: ["scheduled", "paid", "failed", "revoked"] };

function book_view(kind) {
  return {
    about: kind === "schedules" ? "about_schedules" : null,
    address: () => BASE + kind + "?" + new URLSearchParams(
      { ...filter, limit: PAGE, offset: cursors[cursors.length - 1] || 0 }),
    show: (value) => {
      search_tools(STATES_OF[kind], "state", "states");
      fill(value.rows, (row) => [row.api, row.store, row.id, row.order].join(" "), book_row(kind));
      const last = value.offset + value.rows.length;
      show_pager(value.offset + 1, last, value.total, last < value.total);
    },
    next: (value) => value.offset + value.rows.length,
  };
}

// ── the timeline ──

function entry_status(row) {
  if (row.skipped) return tag(t("skipped"));
  if (row.outcome) return tag(word("states", row.outcome), MOODS[row.outcome] || "");
  if (row.status) return tag(String(row.status), status_mood(row.status));
  if (row.error) return tag(t("error"), "bad");
  if (row.fault) return tag(t("no_answer"), "bad");
  return row.kind === "timer" ? null : tag(t("not_yet"), "wait");
}

function entry_words(row) {
  if (row.kind === "request")
    return [el("span.code", {}, row.method + " " + row.path), entry_status(row)];
  if (row.kind === "webhook")
    return [word("kinds", "webhook") + " " + (row.type || ""), entry_status(row)];
  if (row.amount !== undefined)
    return [word("kinds", row.kind) + " " + money(row.amount, row), entry_status(row)];
  return [word("kinds", row.kind) + " " + (row.error || "").split("\n")[0]];
}

function entry_cells(row) {
  const when = time(row.at), version = row.api && row.api.toUpperCase();
  const faulty = row.fault && tag(row.fault, "bad");
  if (row.kind === "request")
    return [el("span.code", {}, row.method + " " + row.path), entry_status(row),
      el("span", {}, dots(when, version, row.op && el("span.code", {}, row.op.slice(3)))), faulty];
  if (row.kind === "webhook") {
    const nth = row.attempt > 1 && t("attempt") + " " + row.attempt;
    return [el("span", {}, word("kinds", "webhook") + " ", el("strong", {}, row.type || "")),
      entry_status(row), el("span", {}, dots(when, version, row.order &&
        el("span.code", {}, row.order))), row.duplicate ? t("duplicate") : nth];
  }
  if (row.amount !== undefined)
    return [el("span", {}, word("kinds", row.kind) + " ", el("strong.num", {}, money(row.amount,
      row))), entry_status(row), el("span", {}, dots(when, version,
      el("span.code", {}, row.order || ""))), null];
  if (row.kind === "window" || row.kind === "confirm")
    return [el("span", {}, word("kinds", row.kind) + " ", el("strong", {}, row.type || "")),
      row.kind === "confirm" ? entry_status(row) : tag(word("windows", row.state)),
      el("span", {}, dots(when, version, el("span.code", {}, row.order || row.op || ""))),
      faulty];
  return [el("span", {}, word("kinds", row.kind) + " ", (row.error || "").split("\n")[0]),
    null, when, null];
}

function attempts_list(entry) {
  return el("section", {}, el("h3", {}, t("attempts")), el("ol.small", {}, entry.attempts.map(
    (one) => el("li", {}, time(one.at, moment(one.at)), entry_status({ ...one, kind: "webhook" }),
      one.duplicate ? t("duplicate") : t("attempt") + " " + (one.attempt || "–"),
      one.error || one.skipped || "", one.retry_at
        ? el("span.quiet", {}, t("retry_at") + ": " + moment(one.retry_at)) : null))));
}

async function entry_detail(row) {
  const one = await read(BASE + "entry?n=" + row.n);
  const entry = one.value;
  return [JSON.stringify(entry), () => [facts([[t("at"), time(entry.at, moment(entry.at))],
    [t("operation"), entry.op && el("span.code", {}, entry.op)],
    [t("url"), entry.url && el("span.code", {}, entry.url)],
    [t("id"), entry.id && el("span.code", {}, entry.id)],
    [t("order"), entry.order && el("a", { href: place("payments", { q: entry.order }),
      "data-name": "order" }, entry.order)],
    [t("status"), entry.status ? String(entry.status) : null], [t("fault"), entry.fault],
    [t("reason"), entry.reason], [t("skipped"), entry.skipped], [t("error"), entry.error]]),
  entry.attempts && attempts_list(entry),
  ["headers", "query", "body", "answer"].map((name) => entry[name] && part(name, entry[name].text,
    entry[name].cut && t("shortened", entry[name].bytes.toLocaleString(lang))))].flat()];
}

const timeline_view = {
  about: "about_timeline",
  address: () => {
    const before = cursors[cursors.length - 1];
    return BASE + "timeline?" + new URLSearchParams({ ...filter, limit: PAGE,
      ...(before ? { before } : {}) });
  },
  show: (value) => {
    search_tools(["request", "webhook", "money", "problem"], "group", "groups");
    fill(value.rows, (row) => String(row.n), (item, row) =>
      folding(item, entry_cells(row), () => entry_detail(row)));
    const rows = value.rows, plain = !filter.q && !filter.group;
    const first = cursors.length * PAGE + 1;
    show_pager(first, plain && rows.length ? first + rows.length - 1 : 0, value.total, value.older);
  },
  next: (value) => value.rows[value.rows.length - 1].n,
};

// ── faults ──

const EXTRA = [["seconds", /^(latency|delay)/], ["status", /^(error|html)/], ["rate", /^slow$/],
  ["retry_after", /^rate_limited$/], ["bytes", /^(truncate|bad_json|wrong_length)/]];

function fault_fields(kind) {
  return EXTRA.filter((one) => one[1].test(kind)).map(([name]) => field(
    t(name === "status" ? "fault_status" : name), el("input", { name, inputmode: "decimal",
      required: name === "seconds", autocomplete: "off" })));
}

async function fault_names(list) {
  if (list.childElementCount) return;
  const answer = await fetch("/_sandbox/operations", { cache: "no-store" });
  const names = (await answer.json()).value.map((row) => row.name);
  list.replaceChildren(...["v1.*", "v2.*", "webhook.v1", "webhook.v2.*", ...names].map((name) =>
    el("option", { value: name })));
}

function fault_form(kinds) {
  const groups = [["for_requests", "request"], ["for_webhooks", "webhook"]].map(([label, what]) =>
    el("optgroup", { label: t(label) }, Object.keys(kinds).filter((name) => kinds[name] === what
      && !/_before_commit$/.test(name)).sort().map((name) => el("option", { value: name,
      selected: name === "error" }, name + " – " + word("faults_text", name)))));
  const kind = el("select", { name: "fault" }, groups);
  const extra = el("div.tools");
  const names = el("datalist", { id: "operations" });
  const input = (name, hint) => el("input", { name, placeholder: hint, autocomplete: "off",
    list: name === "op" ? "operations" : null, inputmode: name === "op" ? null : "decimal" });
  const op = input("op");
  kind.addEventListener("change", () => replace(extra, fault_fields(kind.value)));
  op.addEventListener("focus", () => fault_names(names).catch(() => {}));
  replace(extra, fault_fields(kind.value || "error"));
  const form = el("form.card", {}, el("h3", {}, t("fault_new")),
    el("div.tools", {}, field(t("kind"), kind, "full"), field(t("op"), op, "full")), extra,
    el("div.tools", {}, field(t("nth"), input("nth", t("nth_hint"))), field(t("times"),
      input("times")), field(t("probability"), input("probability")),
    el("button.main", { type: "submit", "data-name": "add-fault" }, t("fault_add"))), names);
  form.addEventListener("submit", doing(async () => {
    const rule = {};
    for (const one of form.querySelectorAll("[name]")) {
      const text = one.value.trim(), name = one.getAttribute("name");
      if (!text) continue;
      if (name === "nth") rule.nth = text.split(/[\s,]+/).map(Number);
      else rule[name] = name === "fault" || name === "op" ? text : Number(text);
      if (JSON.stringify(rule[name]).includes("null"))
        throw new Error(t(name === "status" ? "fault_status" : name) + ": " + text);
    }
    await control("fault", rule);
    form.reset();
    kind.dispatchEvent(new Event("change"));
    return t("fault_added");
  }));
  return form;
}

function fault_row(item, row) {
  const rule = row.rule;
  const more = Object.keys(rule).filter((name) => name !== "fault" && name !== "op").sort()
    .map((name) => name + " " + [].concat(rule[name]).join(", "));
  item.className = "more";
  const end = doing(async () => {
    await control("clear_faults", { id: row.id });
    $("main").focus();
    return t("fault_ended");
  });
  item.replaceChildren(el("div", {}, lines([
    [el("strong", {}, rule.fault), " ", el("span.quiet", {}, word("faults_text", rule.fault))],
    el("button", { type: "button", "data-name": "end-" + row.id, onclick: end,
      "aria-label": t("fault_end_of", row.id, rule.fault) }, t("fault_end")),
    dots(rule.op ? el("span.code", {}, rule.op) : t("every"), ...more,
      t("struck", row.struck, row.seen))])));
}

const faults_view = {
  about: "about_faults",
  address: () => BASE + "faults",
  show: (value) => {
    if ($("form").looks !== lang + "faults") {
      $("form").looks = lang + "faults";
      replace($("form"), fault_form(value.kinds));
    }
    fill(value.rows, (row) => String(row.id), fault_row);
    replace($("extra"), value.rows.length > 1 && el("div.buttons", {}, el("button", {
      type: "button", "data-name": "end-all", onclick: doing(async () => {
        await control("clear_faults");
        return t("fault_ended");
      }) }, t("fault_end_all"))));
  },
};

// ── settings ──

function typed(row, text) {
  if (text === "") return undefined;
  if (row.kind === "boolean") return text === "true";
  if (row.kind === "number") {
    if (!Number.isFinite(Number(text))) throw new Error(row.name + ": " + text);
    return Number(text);
  }
  return row.kind === "choice" && typeof row.default === "number" ? Number(text) : text;
}

function setting_input(row) {
  const value = row.value === undefined ? "" : String(row.value);
  const choices = row.kind === "boolean" ? ["true", "false"] : row.choices;
  const label = (one) => row.kind === "boolean" ? t(one === "true" ? "on" : "off") : String(one);
  const input = choices ? el("select", { name: row.name, "data-was": value },
    choices.map((one) => el("option", { value: one, selected: String(one) === value }, label(one))))
    : el("input", { name: row.name, value, "data-was": value, autocomplete: "off",
      spellcheck: "false", placeholder: row.default === undefined ? t("none") : null,
      inputmode: row.kind === "number" ? "numeric" : null });
  input.addEventListener("change", doing(async () => {
    let wanted = typed(row, input.value.trim());
    if (wanted === row.default) wanted = undefined;
    await control("set", { name: row.name, value: wanted });
    input.dataset.was = input.value;
    return t("set_done", row.name);
  }));
  return input;
}

function setting_row(row) {
  const changed = row.default !== undefined && row.value !== row.default;
  const shown = typeof row.default === "boolean" ? t(row.default ? "on" : "off") : row.default;
  const about = [word("settings_text", row.name), changed && t("default", shown)];
  const texts = el("span", {}, el("span.code", {}, row.name), el("br"),
    el("span.quiet", {}, dots(...about)));
  if (row.kind === "table")
    return el("div.setting", {}, texts, el("span.code", {}, row.value || t("none")));
  return el("label.setting" + (changed ? ".changed" : ""), {}, texts, setting_input(row));
}

function pairs_card(title, pairs, folded) {
  const list = facts(Object.keys(pairs).sort().map((name) =>
    [el("span.code", {}, name), el("span.code", {}, pairs[name])]));
  if (!folded) return el("section.card", {}, el("h3", {}, title), list);
  return el("details.card", { name: title }, el("summary", {}, title), list);
}

function table_card(title, rows) {
  return el("details.card", { name: title }, el("summary", {}, title), el("div.scroll", {
    tabindex: "0", role: "region", "aria-label": title }, el("table", {}, el("tbody", {},
    rows.map(([name, ...cells]) => el("tr", {}, el("th", { scope: "row" }, name), cells.map(
      (cell) => el("td", {}, cell))))))));
}

const settings_view = {
  address: () => BASE + "settings",
  show: (value) => {
    const looks = lang + JSON.stringify(value);
    if ($("extra").looks === looks) return;
    $("extra").looks = looks;
    const groups = ["webhooks", "common", "v1", "v2"].map((name) => el("details.card",
      { name: "settings-" + name }, el("summary", {}, word("set_groups", name)), value.rows.filter(
        (row) => row.group === name).map(setting_row)));
    replace($("extra"), pairs_card(t("connection"), value.connection), ...groups,
      table_card(t("cards"), value.cards.map((card) => [card.name, el("span.code", {},
        card.card_number), card.about])),
      table_card(t("channels"), value.channels.map((one) => [one.pg, el("span.code", {},
        one.key)])), pairs_card(t("secrets"), value.keys, true));
  },
};

// ── the loop ──

const VIEWS = { payments: book_view("payments"), keys: book_view("keys"),
  schedules: book_view("schedules"), timeline: timeline_view, faults: faults_view,
  settings: settings_view };

let shown = null, shown_as = "";

function show_empty(value) {
  const rows = value.rows || [null];
  $("empty").hidden = rows.length > 0;
  $("empty").textContent = rows.length ? "" : filter.q || filter.state || filter.group
    ? t("empty_search") : t("empty_" + view, head.v1_url, head.v2_url);
}

function show(got) {
  set_head(got.head);
  const as = lang + place(view, filter) + cursors.length;
  if (shown === got && shown_as === as) return;
  shown = got;
  shown_as = as;
  $("view-title").textContent = t(view);
  $("view-about").textContent = VIEWS[view].about ? t(VIEWS[view].about) : "";
  VIEWS[view].show(got.value);
  show_empty(got.value);
  for (const details of $("list").querySelectorAll("details[open]"))
    if (details.load) details.load();
}

let turn = 0, timer = null, wait = POLL;

async function refresh() {
  const mine = ++turn;
  clearTimeout(timer);
  try {
    const got = await read(VIEWS[view].address());
    if (mine !== turn) return;
    if (wait !== POLL) say(t("back"));
    wait = POLL;
    $("link").hidden = true;
    show(got);
  } catch (problem) {
    if (mine !== turn) return;
    wait = Math.min(wait * 2, POLL_MOST);
    $("link").hidden = false;
    $("link").textContent = t("lost");
  }
  if (!document.hidden) timer = setTimeout(refresh, wait);
}

function go() {
  read_place();
  for (const id of ["tools", "form", "extra"]) {
    $(id).replaceChildren();
    $(id).looks = "";
  }
  $("pager").hidden = true;
  refresh();
}

function turn_page(forward) {
  if ((forward ? $("older") : $("newer")).getAttribute("aria-disabled") === "true") return;
  if (forward) cursors.push(VIEWS[view].next(shown.value));
  else cursors.pop();
  refresh().then(() => $("main").focus());
}

for (const button of document.querySelectorAll("[data-advance]"))
  button.addEventListener("click", doing(async () => {
    const ran = await control("advance", { by: button.dataset.advance });
    const at = await (await fetch("/_sandbox/now", { cache: "no-store" })).json();
    return t("moved", moment(at.value), ran);
  }));
for (const button of document.querySelectorAll("[data-set-lang]"))
  button.addEventListener("click", () => {
    lang = button.dataset.setLang;
    keep("portone-lang", lang);
    show_language();
    go();
  });
$("skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
$("newer").addEventListener("click", () => turn_page(false));
$("older").addEventListener("click", () => turn_page(true));
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
window.addEventListener("hashchange", () => { go(); $("main").focus(); });
setInterval(() => { if (head && head.clock === "real") show_clock(); }, 1000);

choose_language();
show_language();
go();
]==]
