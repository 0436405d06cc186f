#!/bin/sh
# Sees to it that what the project needs is there: asks each thing itself whether it works, and
# takes from Debian's packages what does not.
#
#   tools/deps.sh [optional] GROUP...
#
# Groups: build, test, browser, shop, check, docs, deb, worlds (5.1 5.3 5.4 luajit), test-WORLD. As
# root, or where sudo asks for no password, missing packages are installed. Otherwise the command
# that would do it is printed, and the exit status is 1, or 0 for what is optional.
set -u
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

# group, package, how to see that it is there
table() {
  cat <<'END'
build  gcc                   cmd cc
build  libc6-dev             header stdio.h
build  make                  cmd make
build  pkg-config            cmd pkg-config
build  libcurl4-openssl-dev  pc libcurl
build  libssl-dev            pc libcrypto
build  libmicrohttpd-dev     pc libmicrohttpd
5.4    liblua5.4-dev         pc lua5.4
5.4    lua5.4                cmd lua5.4
5.4    lua-cjson             lua lua5.4 cjson
luajit libluajit2-5.1-dev    pc luajit
luajit luajit2               cmd luajit
luajit lua-cjson             lua luajit cjson
5.3    liblua5.3-dev         pc lua5.3
5.3    lua5.3                cmd lua5.3
5.3    lua-cjson             lua lua5.3 cjson
5.1    liblua5.1-0-dev       pc lua5.1
5.1    lua5.1                cmd lua5.1
5.1    lua-cjson             lua lua5.1 cjson
test   lua5.4                cmd lua5.4
test   lua-busted            lua lua5.4 busted.runner
test   lua-socket            lua lua5.4 socket
test   lua-sec               lua lua5.4 ssl
test   openssl               cmd openssl
test   procps                cmd pgrep
test   nginx                 cmd nginx
test   libnginx-mod-http-lua file /usr/lib/nginx/modules/ngx_http_lua_module.so
test   lua-cqueues           lua lua5.4 cqueues
test   lua-luv               lua lua5.4 luv
test   redis-server          cmd redis-server
test   lua-sql-sqlite3       lua lua5.4 luasql.sqlite3
test   lua-argparse          lua lua5.4 argparse
test   lua-readline          lua lua5.4 readline
test   bsdutils              cmd script
test-luajit lua-posix        lua luajit posix.unistd
test-luajit lua-argparse     lua luajit argparse
test-luajit lua-readline     lua luajit readline
test-luajit lua-sql-sqlite3 lua luajit luasql.sqlite3
test-5.1 lua-posix           lua lua5.1 posix.unistd
test-5.1 lua-argparse       lua lua5.1 argparse
test-5.1 lua-readline       lua lua5.1 readline
test-5.1 lua-sql-sqlite3   lua lua5.1 luasql.sqlite3
test-5.3 lua-posix           lua lua5.3 posix.unistd
test-5.3 lua-argparse       lua lua5.3 argparse
test-5.3 lua-readline       lua lua5.3 readline
test-5.3 lua-sql-sqlite3   lua lua5.3 luasql.sqlite3
browser chromium             cmd chromium
browser chromium-driver      cmd chromedriver
shop   nginx                 cmd nginx
shop   libnginx-mod-http-lua file /usr/lib/nginx/modules/ngx_http_lua_module.so
shop   lua-sql-sqlite3       lua luajit luasql.sqlite3
check  lua-check             cmd luacheck
check  mandoc                cmd mandoc
check  cppcheck              cmd cppcheck
check  valgrind              cmd valgrind
check  clang                 cmd clang
check  libclang-rt-dev       fuzzer clang
check  luarocks              cmd luarocks
check  liblua5.3-dev         pc lua5.3
check  lua5.3                cmd lua5.3
check  liblua5.1-0-dev       pc lua5.1
check  lua5.1                cmd lua5.1
check  lua-cjson             lua lua5.1 cjson
check  cmark-gfm             cmd cmark-gfm
docs   lua5.4                cmd lua5.4
docs   cmark-gfm             cmd cmark-gfm
deb    lua-argparse          lua lua5.4 argparse
deb    dpkg-dev              cmd dpkg-buildpackage
deb    debhelper             cmd dh
deb    lintian               cmd lintian
END
}

probe() {
  kind=$1
  shift
  case $kind in
    cmd) command -v "$1" ;;
    pc) pkg-config --exists "$1" ;;
    file) test -e "$1" ;;
    lua) "$1" -e "require '$2'" ;;
    fuzzer) ls "$("$1" -print-resource-dir)"/lib/*/libclang_rt.fuzzer*.a ;;
    header) echo "#include <$1>" | cc -E -o /dev/null - ;;
  esac >/dev/null 2>&1 </dev/null
}

# The packages behind every probe of the wanted groups that fails, each once.
missing() {
  table | while read -r group package how; do
    case " $groups " in
      *" $group "*) probe $how || echo "$package" ;;
    esac
  done | sort -u | tr '\n' ' '
}

apt() {
  $root apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# The servers among the packages are for the suite to start: none runs for being installed.
policy=/usr/sbin/policy-rc.d
start_no_service() {
  [ ! -e $policy ] || return
  # shellcheck disable=SC2064
  trap "$root rm -f $policy" EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' | $root tee $policy >/dev/null && $root chmod 755 $policy
}

# --no-remove: a plain LuaJIT that somebody installed is not pushed out by luajit2.
apt_install() {
  # shellcheck disable=SC2086
  apt install --no-install-recommends --no-remove $1
}

failed=1
if [ "${1:-}" = optional ]; then
  failed=0
  shift
fi
groups=$*
want=$(missing)
[ -n "$want" ] || exit 0

root=
allowed=no
if command -v apt-get >/dev/null; then
  if [ "$(id -u)" = 0 ]; then
    allowed=yes root="env"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    allowed=yes root="sudo -n DEBIAN_FRONTEND=noninteractive"
  fi
fi

if [ $allowed = yes ]; then
  echo "deps: installing $want"
  # Lists that are absent, or too old to fetch by, are fetched and the install tried again.
  ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt update
  start_no_service
  apt_install "$want" || { apt update && apt_install "$want"; }
  want=$(missing)
  [ -n "$want" ] || exit 0
fi

echo "deps: still missing; on Debian or Ubuntu this installs it:" >&2
echo "  sudo apt-get install --no-install-recommends $want" >&2
exit $failed
