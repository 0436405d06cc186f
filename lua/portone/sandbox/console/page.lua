-- SPDX-License-Identifier: MIT
-- The console's HTML: landmarks and places; script.lua fills them. Texts are in texts.lua, put in
-- by their data-t names.

return [[
<!doctype html>
<html lang="en" data-lang="{{lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>PortOne sandbox</title>
<link rel="icon" href="/_sandbox/console/icon.svg">
<link rel="stylesheet" href="/_sandbox/console/style.css">
<script src="/_sandbox/console/app.js" defer></script>
</head>
<body>
<a class="skip" id="skip" href="#main" data-t="skip">Skip to content</a>
<header class="top">
  <h1><span data-t="title">PortOne sandbox</span></h1>
  <p id="link" class="link" hidden></p>
  <div class="langs" role="group" data-label="language" aria-label="Language">
    <button type="button" lang="ko" data-set-lang="ko">한국어</button>
    <button type="button" lang="en" data-set-lang="en">English</button>
  </div>
</header>
<section class="clock" aria-labelledby="clock-title">
  <h2 id="clock-title" class="hidden" data-t="clock">Clock</h2>
  <div class="time">
    <p class="now"><time id="now">–</time> <span id="zone" class="quiet"></span></p>
    <p class="quiet"><span id="clock-kind"></span> · <span id="next"></span></p>
  </div>
  <div class="buttons" role="group" data-label="clock_move" aria-label="Move the clock">
    <button type="button" data-advance="1 hour" data-t="plus_hour">+1 hour</button>
    <button type="button" data-advance="1 day" data-t="plus_day">+1 day</button>
    <button type="button" data-advance="1 month" data-t="plus_month">+1 month</button>
    <button type="button" data-advance="next timer" data-t="to_next" id="to-next">Next</button>
  </div>
</section>
<nav id="nav" data-label="views" aria-label="Views"></nav>
<main id="main" tabindex="-1">
  <h2 id="view-title"></h2>
  <p id="view-about" class="quiet"></p>
  <div id="tools"></div>
  <div id="form"></div>
  <ol id="list" class="list"></ol>
  <p id="empty" class="empty" hidden></p>
  <div id="extra"></div>
  <div id="pager" class="pager" role="group" data-label="pages" aria-label="Pages" hidden>
    <button type="button" id="newer" data-t="newer">Newer</button>
    <span id="range" class="quiet"></span>
    <button type="button" id="older" data-t="older">Older</button>
  </div>
</main>
<p id="said" class="said" role="status" aria-live="polite"></p>
<noscript>The console needs JavaScript. 콘솔에는 JavaScript 가 필요합니다.</noscript>
</body>
</html>
]]
