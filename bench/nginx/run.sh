#!/usr/bin/env bash
# Calls from inside an nginx worker: how many a second, beside lua-resty-http, and what others of
# the worker notice of them. One nginx measures, another one is the server that is called.
#
#   bench/nginx/run.sh             TURNS=20
#   PORTONE_BENCH_RESTY=folder     with lua-resty-http (folder/resty/http.lua …): measured too
set -u
cd "$(dirname "$0")/../.." || exit 2
. bench/common.sh
command -v nginx >/dev/null || { skipped "nginx" "it is not installed"; exit 0; }
for modules in /usr/lib/nginx/modules /usr/lib64/nginx/modules; do
  [ -f "$modules/ngx_http_lua_module.so" ] && break
done
[ -f "$modules/ngx_http_lua_module.so" ] || { skipped "nginx" "no Lua module"; exit 0; }
make -s build LUA=luajit || exit 1
port=$((20000 + RANDOM % 5000 * 2))
resty=${PORTONE_BENCH_RESTY:-}
[ -n "$resty" ] || skipped "lua-resty-http" "PORTONE_BENCH_RESTY names no folder"

top="$([ -f "$modules/ndk_http_module.so" ] && echo "load_module $modules/ndk_http_module.so;")
load_module $modules/ngx_http_lua_module.so;"
nginx_conf upstream "server {
    listen 127.0.0.1:$port backlog=4096;
    default_type application/json;
    location / { return 200 '$answer'; }
    location /slow { content_by_lua_block { ngx.sleep(1) ngx.say('{}') } }
  }" "$top"
nginx_conf front "lua_package_path '$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/bench/nginx/?.lua;$resty/?.lua;;';
  lua_package_cpath '$PWD/build/luajit/?.so;;';
  lua_socket_log_errors off;
  server {
    listen 127.0.0.1:$((port + 1)) backlog=4096;
    location /idle { return 200 'idle'; }
    location /run { content_by_lua_block {
      local a = ngx.req.get_uri_args()
      ngx.print(require('ways').run(a.way, tonumber(a.n), tonumber(a.calls), a.base)) } }
    location /load { content_by_lua_block {
      local a = ngx.req.get_uri_args()
      require('ways').load(tonumber(a.n), tonumber(a.seconds), a.base) ngx.print('ok') } }
  }" "$top"
nginx_start upstream "$port" || exit 1
nginx_start front $((port + 1)) || exit 1

(lua luajit bench/nginx/drive.lua $((port + 1)) "$port" "${TURNS:-20}" exchange public \
  ${resty:+resty})
status=$?
[ "$status" -le 1 ] && ! grep -E '\[(error|alert|emerg)\]' "$work/front/error.log" || status=1
exit $status
