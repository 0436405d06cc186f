-- SPDX-License-Identifier: MIT
-- How the windows look. Every contrast is at least 4.5:1, every target at least 44 px high.

return [[
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: #1c2430;
  font: 16px/1.5 system-ui, -apple-system, "Apple SD Gothic Neo", "Noto Sans CJK KR",
    "Noto Sans KR", "Malgun Gothic", sans-serif; word-break: keep-all; overflow-wrap: anywhere; }
main { max-width: 27rem; margin: 0 auto; padding: 16px 20px 24px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; }
.badge { flex: 1 0 100%; margin: 0 0 12px; padding: 4px 12px; border-radius: 6px;
  background: #fff4d6; color: #6b4700; font-size: 14px; }
h1 { margin: 0; font-size: 22px; line-height: 1.3; }
.lang { padding: 10px 0; color: #1a4fa3; font-size: 14px; }
.order { margin: 8px 0 16px; border-top: 1px solid #d9dee7; }
.order div { display: flex; gap: 16px; padding: 6px 0; border-bottom: 1px solid #d9dee7; }
.order dt { flex: 0 0 7em; color: #56606f; font-size: 14px; line-height: 24px; }
.order dd { flex: 1; margin: 0; text-align: right; }
dd[data-testid=amount] { font-weight: 700; }
.field { margin: 12px 0; }
.field label { display: block; margin-bottom: 4px; font-weight: 600; font-size: 15px; }
.field small { display: block; margin-top: 4px; color: #56606f; font-size: 14px; }
select, input { width: 100%; min-height: 44px; padding: 8px 12px; border: 1px solid #8791a1;
  border-radius: 6px; background: #fff; color: inherit; font: inherit; }
.actions { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; margin: 20px 0 0; }
button, a.main { min-height: 44px; padding: 10px 12px; border: 1px solid transparent;
  border-radius: 6px; font: inherit; font-weight: 600; cursor: pointer; }
a.main { display: block; text-align: center; text-decoration: none; }
.main { grid-column: 1 / -1; min-height: 52px; background: #1a4fa3; color: #fff; }
.main:hover { background: #143f83; }
.side { border-color: #8791a1; background: #fff; color: #1c2430; }
.side:hover { background: #eef1f6; }
.side:only-child, .main + .side:last-child { grid-column: 1 / -1; }
.wide { grid-column: 1 / -1; }
.quiet { grid-column: 1 / -1; background: none; color: #56606f; font-weight: 400;
  text-decoration: underline; }
:focus-visible { outline: 3px solid #e08700; outline-offset: 2px; }
.notice { padding: 10px 12px; border-radius: 6px; background: #e8f0fc; color: #173f80; }
.help { color: #56606f; }
@media (max-width: 22rem) { main { padding: 16px; } .order dt { flex-basis: 6em; } }
]]
