#!/usr/bin/env bash
# Debian packages of the tree as it is, built in a copy and looked at by lintian:
#   tools/deb.sh [WHERE]      default build/deb
set -eu
cd "$(dirname "$0")/.."
to=${1:-build/deb}
mkdir -p "$to" && to=$(cd "$to" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/portone"
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$work/portone"
(cd "$work/portone" && dpkg-buildpackage -us -uc -b) >"$work/log" 2>&1 || {
  tail -n 60 "$work/log"
  exit 1
}
lintian --fail-on error,warning "$work"/*.changes
cp "$work"/*.deb "$to"
ls "$to"/*.deb
