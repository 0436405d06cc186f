-- SPDX-License-Identifier: MIT
-- The console's script, first part: language, asking the sandbox, lists, clock. What each view
-- shows is in script_views.lua. Whatever comes from the sandbox goes into the page as text.

return [==[
"use strict";

const BASE = "/_sandbox/console/";
const POLL = 1000, POLL_MOST = 8000, PAGE = 50;
const $ = (id) => document.getElementById(id);

// ── building ──

// el("a.b", { href: … }, "text", node, …): children are nodes or text, never markup.
function el(what, attributes, ...children) {
  const [name, ...classes] = what.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, String(value));
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

// ── language ──

let lang = "en";

function t(key, ...values) {
  const text = TEXTS[lang][key];
  return text === undefined ? key : text.replace(/\{(\d)\}/g, (_, i) => values[i]);
}

// A word of a list of words; unknown ones stay as they are.
const word = (list, name) => (TEXTS[lang][list] || {})[name] || name;

function keep(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch (refused) { /* the browser keeps nothing: neither do we */ }
  return null;
}

function choose_language() {
  const html = document.documentElement;
  const asked = new URLSearchParams(location.search).get("lang");
  const wanted = [asked, keep("portone-lang"), html.dataset.lang, (navigator.language || "")
    .slice(0, 2)];
  lang = wanted.find((one) => TEXTS[one]) || "en";
}

function show_language() {
  document.documentElement.lang = lang;
  document.title = t("title");
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-label]"))
    node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of document.querySelectorAll("[data-set-lang]"))
    node.setAttribute("aria-pressed", String(node.dataset.setLang === lang));
}

// ── numbers and times ──

const two = (n) => String(n).padStart(2, "0");

function day(seconds) {
  const d = new Date(seconds * 1000);
  return d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate());
}

function moment(seconds) {
  const d = new Date(seconds * 1000);
  return day(seconds) + " " + two(d.getHours()) + ":" + two(d.getMinutes()) + ":"
    + two(d.getSeconds());
}

// The time alone where the day is the clock's own.
function short_moment(seconds) {
  return day(seconds) === day(now()) ? moment(seconds).slice(11) : moment(seconds);
}

function time(seconds, text) {
  const iso = new Date(seconds * 1000).toISOString().replace(".000", "");
  return el("time.num", { datetime: iso, title: iso }, text || short_moment(seconds));
}

function money(amount, row) {
  const decimals = row.decimals || 0;
  const text = (amount / 10 ** decimals).toLocaleString(lang, { minimumFractionDigits: decimals,
    maximumFractionDigits: Math.max(decimals, 2) });
  return row.currency === "KRW" ? t("won", text) : text + " " + (row.currency || "");
}

// ── asking ──

// Answers by address, with the ETag under which the sandbox may say that nothing has changed.
const answers = new Map();

async function read(address) {
  const known = answers.get(address);
  const answer = await fetch(address, { cache: "no-store",
    headers: known ? { "If-None-Match": known.tag } : {} });
  if (answer.status === 304 && known) return known;
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  const made = { tag: answer.headers.get("ETag"), head: body.head, value: body.value };
  answers.delete(address);
  answers.set(address, made);
  if (answers.size > 60) answers.delete(answers.keys().next().value);
  return made;
}

async function control(verb, args) {
  const answer = await fetch("/_sandbox/" + verb, { method: "POST", cache: "no-store",
    headers: { "Content-Type": "application/json" }, body: JSON.stringify(args || {}) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body.value;
}

async function act(name, args) {
  const result = await control("act", { name, args });
  if (result.problem) throw new Error(result.problem);
  return result.value;
}

let said_timer;

function say(text, bad) {
  const said = $("said");
  said.textContent = text;
  said.classList.toggle("bad", bad === true);
  clearTimeout(said_timer);
  said_timer = setTimeout(() => { said.textContent = ""; }, bad ? 10000 : 5000);
}

// What a button does: once at a time, told to the reader, seen at once.
function doing(work) {
  return async (event) => {
    event.preventDefault();
    const button = event.submitter || event.currentTarget;
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      const text = await work(event);
      if (text) say(text);
    } catch (problem) {
      say(t("failed_to", problem.message), true);
    }
    button.removeAttribute("aria-disabled");
    refresh();
  };
}

// ── the clock ──

let head = null, head_at = 0;

function now() {
  if (!head) return 0;
  const ran = head.clock === "real" ? (performance.now() - head_at) / 1000 : 0;
  return Math.floor(head.now + ran);
}

function show_clock() {
  if (!head) return;
  const node = $("now");
  node.textContent = moment(now());
  node.setAttribute("datetime", new Date(now() * 1000).toISOString());
  const zone = new Date().toLocaleTimeString("en", { timeZoneName: "short" }).split(" ").pop();
  $("zone").textContent = zone;
  $("clock-kind").textContent = t(head.clock);
  $("next").textContent = head.next ? t("next_due", moment(head.next)) : t("nothing_due");
  $("to-next").setAttribute("aria-disabled", String(!head.next));
}

function set_head(fresh) {
  head = fresh;
  head_at = performance.now();
  show_clock();
  show_nav();
}

// ── lists ──

// Puts texts, focus and what is unfolded back after a part of the page was made anew.
function keeping(node, make) {
  const id = (one) => one.getAttribute("name");
  const values = new Map(), open = new Set();
  for (const one of node.querySelectorAll("input[name], select[name]"))
    if (one.value !== one.dataset.was) values.set(id(one), one.value);
  for (const one of node.querySelectorAll("details[name][open]")) open.add(id(one));
  const active = node.contains(document.activeElement) && document.activeElement;
  const focused = active && (id(active) || active.dataset.name);
  make();
  for (const one of node.querySelectorAll("[name], [data-name]")) {
    const name = id(one) || one.dataset.name;
    if ("value" in one && values.has(name)) one.value = values.get(name);
    if (one.tagName === "DETAILS" && open.has(name)) one.open = true;
    if (focused && focused === name) one.focus();
  }
}

function replace(node, ...children) {
  const made = children.flat().filter((child) => child != null && child !== false);
  keeping(node, () => node.replaceChildren(...made));
}

// Rows as list items by key: only what has changed is touched, so that focus stays where it is.
function fill(rows, key_of, make) {
  const list = $("list");
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  let at = null;
  for (const row of rows) {
    const key = key_of(row), looks = lang + day(now()) + JSON.stringify(row);
    let item = old.get(key);
    old.delete(key);
    if (!item) {
      item = el("li", { "data-key": key });
      item.looks = "";
    }
    if (item.looks !== looks) {
      item.looks = looks;
      make(item, row);
    }
    const place = at ? at.nextSibling : list.firstChild;
    if (place !== item) list.insertBefore(item, place);
    at = item;
  }
  for (const item of old.values()) item.remove();
}

// A row that unfolds. `load` makes what is inside; it is called again when things change.
function folding(item, cells, load) {
  let details = item.querySelector("details");
  if (!details) {
    details = el("details", {}, el("summary"), el("div.more"));
    details.addEventListener("toggle", () => { if (details.open) details.load(); });
    item.append(details);
  }
  const more = details.querySelector(".more");
  details.load = async () => {
    try {
      const [looks, make] = await load();
      if (more.looks === lang + looks) return;
      more.looks = lang + looks;
      replace(more, ...make());
    } catch (problem) {
      replace(more, el("p", {}, t("failed_to", problem.message)));
    }
  };
  details.querySelector("summary").replaceChildren(...lines(cells));
}

// A row: what it is and its result, then the rest, smaller.
function lines([what, result, rest, note]) {
  return [el("span.line", {}, el("span", {}, what), el("span", {}, result)),
    el("span.line.quiet", {}, el("span", {}, rest), note ? el("span", {}, note) : null)];
}

function tag(text, mood) {
  return el("span.tag" + (mood ? "." + mood : ""), {}, text);
}

function facts(rows) {
  return el("dl.facts", {}, rows.filter((row) => row[1] != null && row[1] !== "").map((row) =>
    [el("dt", {}, row[0]), el("dd", {}, row[1])]).flat());
}

function field(label, input, size) {
  return el("label.field" + (size ? "." + size : ""), {}, el("span", {}, label), input);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch (no_json) {
    return text;
  }
}

// A part that is unfolded when wanted: headers, a body, an answer.
function part(name, text, note) {
  return el("details.part", { name: "part-" + name }, el("summary", {}, t(name),
    note ? el("span.quiet", {}, " (" + note + ")") : null),
  el("pre", { tabindex: "0", role: "group", "aria-label": t(name) }, pretty(text)));
}

// ── where we are ──

const ORDER = ["payments", "keys", "schedules", "timeline", "faults", "settings"];
let view = "payments", filter = {}, cursors = [];

function read_place() {
  const [name, rest] = location.hash.slice(1).split("?");
  const next = ORDER.includes(name) ? name : "payments";
  filter = Object.fromEntries(new URLSearchParams(rest || ""));
  if (next !== view) $("list").replaceChildren();
  view = next;
  cursors = [];
}

function place(name, more) {
  const text = new URLSearchParams(more || {}).toString();
  return "#" + name + (text ? "?" + text : "");
}

function show_nav() {
  const nav = $("nav");
  const items = ORDER.map((name) => {
    const count = head && head.counts[name];
    const text = name === "schedules" && count ? t("pending_count", count) : count;
    return el("li", {}, el("a", { href: place(name), "data-name": "nav-" + name,
      "aria-current": name === view ? "page" : null }, el("span", {}, t(name)),
    count ? el("span.count", {}, text.toLocaleString(lang)) : null));
  });
  const looks = lang + view + JSON.stringify(head && head.counts);
  if (nav.looks === looks) return;
  nav.looks = looks;
  replace(nav, el("ul", {}, items));
}
]==]
