#!/bin/sh
# Puts the official JavaScript SDK, and the package by which others sign webhooks, into build/js
# for spec/sandbox/js_sdk_spec.lua. It needs node 20 with npm and the npm registry; without them it
# says what is missing, and that spec is pending. Node is no dependency of anything else here.
set -u
cd "$(dirname "$0")/.." || exit 2
at=build/js

[ -d $at/node_modules/@portone/server-sdk ] && [ -d $at/node_modules/standardwebhooks ] && exit 0

command -v node >/dev/null || { echo "node is not on this machine"; exit 1; }
command -v npm >/dev/null || { echo "npm is not on this machine"; exit 1; }
major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null)
[ "${major:-0}" -ge 20 ] || { echo "the SDK needs node 20, here is ${major:-none}"; exit 1; }

# Beside it first, then in its place at once: the worlds of the suite may run side by side.
mkdir -p build && new=$(mktemp -d build/js.XXXXXX) || exit 2
trap 'rm -rf "$new"' EXIT
timeout 90 npm install --prefix "$new" --no-save --ignore-scripts --no-audit --no-fund \
  --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=20000 \
  @portone/server-sdk@0.19.0 standardwebhooks@1.1.1 >"$new/log" 2>&1 </dev/null
if [ ! -d "$new/node_modules/@portone/server-sdk" ]; then
  echo "npm cannot install @portone/server-sdk: $(grep -v '^npm warn' "$new/log" | head -n 1)"
  exit 1
fi
[ -d $at/node_modules ] || mv "$new" $at 2>/dev/null
[ -d $at/node_modules ]
