#!/usr/bin/env bash
# Calls from inside an nginx worker: how many a second, beside lua-resty-http, and what others of
# the worker notice of them. One nginx measures, another one is the server that is called.
#
#   bench/nginx/run.sh             TURNS=20
#   PORTONE_BENCH_RESTY=folder     with lua-resty-http (folder/resty/http.lua …): measured too
set -u
cd "$(dirname "$0")/../.." || exit 2
command -v nginx >/dev/null || { echo "nginx: skipped, there is no nginx"; exit 0; }
for modules in /usr/lib/nginx/modules /usr/lib64/nginx/modules; do
  [ -f "$modules/ngx_http_lua_module.so" ] && break
done
[ -f "$modules/ngx_http_lua_module.so" ] || { echo "nginx: skipped, no Lua module"; exit 0; }
make -s build LUA=luajit || exit 1
work=$(mktemp -d) || exit 2
front= upstream=
trap '[ -z "$front" ] || kill "$front"; [ -z "$upstream" ] || kill "$upstream"; rm -rf "$work"' EXIT
port=$((20000 + RANDOM % 5000 * 2))
resty=${PORTONE_BENCH_RESTY:-}

# configure NAME HTTP
configure() {
  mkdir -p "$work/$1"
  cat >"$work/$1/nginx.conf" <<END
daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid $work/$1/nginx.pid;
error_log $work/$1/error.log;
$([ -f "$modules/ndk_http_module.so" ] && echo "load_module $modules/ndk_http_module.so;")
load_module $modules/ngx_http_lua_module.so;
$([ "$(id -u)" != 0 ] || echo "user root;")
events { worker_connections 8000; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path $work/$1/body;
  proxy_temp_path $work/$1/proxy;
  fastcgi_temp_path $work/$1/fastcgi;
  uwsgi_temp_path $work/$1/uwsgi;
  scgi_temp_path $work/$1/scgi;
  $2
}
END
}

configure upstream "server {
    listen 127.0.0.1:$port backlog=4096;
    default_type application/json;
    location / { return 200 '{\"payment\":{\"pgTxId\":\"tviva20240425100000abcd1\",\"paidAt\":\"2024-04-25T10:00:00Z\"}}'; }
    location /slow { content_by_lua_block { ngx.sleep(1) ngx.say('{}') } }
  }"
configure front "lua_package_path '$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/bench/nginx/?.lua;$resty/?.lua;;';
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
  }"

nginx -e "$work/upstream/error.log" -c "$work/upstream/nginx.conf" &
upstream=$!
nginx -e "$work/front/error.log" -c "$work/front/nginx.conf" &
front=$!
for p in "$port" $((port + 1)); do
  for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null && break
    sleep 0.05
  done
done

eval "$(make -s env LUA=luajit)"
luajit bench/nginx/drive.lua $((port + 1)) "$port" "${TURNS:-20}" exchange public ${resty:+resty}
status=$?
[ "$status" -le 1 ] && ! grep -E '\[(error|alert|emerg)\]' "$work/front/error.log" || status=1
exit $status
