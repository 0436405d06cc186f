-- SPDX-License-Identifier: MIT
-- The console's style: one column up to 60 rem, views at the side beyond. Colours are those of
-- the system's theme; whatever a colour says, a word says too.

return [[
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --line: #d9dde4; --text: #1c2430; --quiet: #596373;
  --accent: #3a4bc2; --on-accent: #fff; --soft: #eceefb;
  --good: #0b6b3f; --good-soft: #e1f4e9; --bad: #ad1f2d; --bad-soft: #fce8ea;
  --wait: #7a5300; --wait-soft: #fdf1d6; --none: #4d5665; --none-soft: #eaecf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --card: #1a1f28; --line: #323a48; --text: #e6e9ef; --quiet: #a3adbd;
    --accent: #9daaff; --on-accent: #10131a; --soft: #252c44;
    --good: #7fd9a8; --good-soft: #14321f; --bad: #ff9aa2; --bad-soft: #3c191d;
    --wait: #f0c674; --wait-soft: #352a10; --none: #b6bfcd; --none-soft: #2a313d;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 0.95rem/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans KR", "Malgun Gothic",
    sans-serif;
}
h1, h2, h3, p, ol, ul, dl, dd, pre, fieldset { margin: 0; padding: 0; }
ol, ul { list-style: none; }
h1 { font-size: 1.05rem; }
h2 { font-size: 1.2rem; }
h3 { font-size: 0.95rem; }
.hidden, .skip:not(:focus) {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
.skip:focus {
  position: fixed; top: 0.5rem; left: 0.5rem; z-index: 3; padding: 0.5rem 1rem;
  background: var(--card); border: 2px solid var(--accent); border-radius: 0.5rem;
}
a { color: var(--accent); }
.quiet { color: var(--quiet); font-size: 0.85rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
main:focus { outline: none; }

button, input, select {
  font: inherit; color: inherit; min-height: 2.4rem; padding: 0.3rem 0.7rem;
  border: 1px solid var(--line); border-radius: 0.5rem; background: var(--card);
}
button { cursor: pointer; }
button:hover { border-color: var(--accent); }
button[aria-disabled="true"] { opacity: 0.5; cursor: default; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button[aria-pressed="true"] { border-color: var(--accent); background: var(--soft); }
input, select { width: 100%; min-width: 0; }

body { display: grid; gap: 0.75rem; padding: 0.75rem; grid-template-columns: minmax(0, 1fr); }
.top { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; }
.top h1 { margin-right: auto; }
.langs { display: flex; gap: 0.25rem; }
.langs button { min-height: 2rem; padding: 0.1rem 0.6rem; font-size: 0.85rem; }
.link { flex-basis: 100%; color: var(--bad); }

.clock {
  display: flex; flex-wrap: wrap; gap: 0.75rem 1.5rem; align-items: center;
  padding: 0.75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.75rem;
}
.clock .time { flex: 1 1 14rem; }
.now time { font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.clock .buttons { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr));
  flex: 1 1 18rem; max-width: 30rem; }
.clock .buttons button { padding: 0.3rem 0; font-size: 0.8rem; }
@media (min-width: 40rem) { .clock .buttons button { font-size: 0.9rem; } }

nav ul { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0.35rem; }
nav a {
  display: flex; flex-wrap: wrap; gap: 0 0.35rem; justify-content: center; align-items: baseline;
  height: 100%; padding: 0.45rem 0.4rem; border: 1px solid transparent; border-radius: 0.5rem;
  color: inherit; text-decoration: none; text-align: center;
}
nav a:hover { border-color: var(--line); }
nav a[aria-current] { background: var(--soft); border-color: var(--accent); font-weight: 600; }
nav .count { color: var(--quiet); font-size: 0.8rem; font-variant-numeric: tabular-nums; }

main { display: grid; gap: 0.75rem; align-content: start; grid-template-columns: minmax(0, 1fr); }
#tools:empty, #form:empty, #extra:empty, #view-about:empty { display: none; }
.tools { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: end; }
.field { display: grid; gap: 0.15rem; flex: 1 1 8rem; min-width: 0; }
.field span { font-size: 0.8rem; color: var(--quiet); }
.field.wide { flex: 2 1 9rem; }
.field.full { flex: 1 1 16rem; }
.card {
  padding: 0.75rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.75rem;
}
.card h3 { margin-bottom: 0.4rem; }
form.card { display: grid; gap: 0.6rem; }
form.card .tools:empty { display: none; }
details.card { padding: 0; }
details.card > summary { padding: 0.6rem 0.75rem; border-radius: 0.75rem; font-weight: 600; }
details.card > :not(summary) { margin: 0 0.75rem; }
details.card > :last-child { padding-bottom: 0.75rem; }
details.card > summary::before, .part > summary::before {
  content: "▸"; display: inline-block; width: 1.1rem; color: var(--quiet);
}
details.card[open] > summary::before, .part[open] > summary::before { content: "▾"; }
#extra { display: grid; gap: 0.75rem; grid-template-columns: minmax(0, 1fr); }
.empty { padding: 2rem 1rem; text-align: center; color: var(--quiet); }

.list:not(:empty) {
  background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem;
  overflow: hidden;
}
.list > li + li { border-top: 1px solid var(--line); }
summary { cursor: pointer; padding: 0.55rem 0.75rem; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover { background: var(--page); }
summary:focus-visible { outline-offset: -3px; }
.line { display: flex; justify-content: space-between; gap: 0.75rem; }
.line > * { min-width: 0; overflow-wrap: anywhere; }
.line > :nth-child(2) { flex: none; max-width: 60%; text-align: right; }
.num { font-variant-numeric: tabular-nums; }
.code { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: 0.86em; }
.tag {
  display: inline-block; padding: 0 0.45rem; border-radius: 1rem; font-size: 0.8rem;
  font-weight: 600; white-space: nowrap; color: var(--none); background: var(--none-soft);
}
.tag.good { color: var(--good); background: var(--good-soft); }
.tag.bad { color: var(--bad); background: var(--bad-soft); }
.tag.wait { color: var(--wait); background: var(--wait-soft); }
.more { display: grid; gap: 0.75rem; padding: 0.25rem 0.75rem 0.9rem;
  grid-template-columns: minmax(0, 1fr); }
.facts { display: grid; grid-template-columns: minmax(6rem, auto) minmax(0, 1fr);
  gap: 0.1rem 1rem; }
.facts dt { color: var(--quiet); font-size: 0.85rem; }
.facts dd { overflow-wrap: anywhere; }
pre {
  max-height: 22rem; overflow: auto; padding: 0.6rem; border-radius: 0.5rem;
  background: var(--page); border: 1px solid var(--line); white-space: pre-wrap;
  overflow-wrap: anywhere; font: 0.8rem/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, monospace;
}
.part > summary { padding: 0.2rem 0; color: var(--accent); }
.part > summary:hover { background: none; text-decoration: underline; }
.small { font-size: 0.85rem; }
.small li { display: flex; flex-wrap: wrap; gap: 0 0.6rem; padding: 0.15rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.75rem 0.3rem 0;
  border-top: 1px solid var(--line); overflow-wrap: anywhere; }
tr:first-child > * { border-top: 0; }
th { font-weight: 500; }
.scroll { overflow-x: auto; }
.setting { display: grid; gap: 0.1rem 1rem; padding: 0.5rem 0; border-top: 1px solid var(--line); }
.setting.changed .code { font-weight: 700; }

.pager { display: flex; gap: 0.75rem; align-items: center; justify-content: space-between; }
.pager[hidden] { display: none; }
.said {
  position: fixed; left: 50%; bottom: 0.75rem; transform: translateX(-50%); z-index: 2;
  width: max-content; max-width: calc(100vw - 1.5rem); padding: 0.5rem 0.9rem;
  border-radius: 0.6rem; background: var(--text); color: var(--page); overflow-wrap: anywhere;
  pointer-events: none;
}
.said:empty { display: none; }
.said.bad { background: var(--bad); color: var(--page); }

@media (min-width: 40rem) {
  nav ul { grid-template-columns: repeat(6, minmax(0, 1fr)); }
  .setting { grid-template-columns: minmax(0, 1fr) 15rem; align-items: center; }
}
@media (min-width: 64rem) {
  body { grid-template-columns: 12.5rem minmax(0, 60rem); gap: 1rem 1.5rem;
    padding: 1.25rem 1.5rem; }
  .top, .clock { grid-column: 1 / -1; }
  nav ul { grid-template-columns: minmax(0, 1fr); }
  nav a { justify-content: space-between; padding: 0.5rem 0.75rem; text-align: left; }
}
@media (prefers-reduced-motion: no-preference) {
  button, nav a { transition: border-color 0.15s, background-color 0.15s; }
}
]]
