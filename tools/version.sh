#!/usr/bin/env bash
# The version is in lua/portone/version.lua. Fails and says where it is another one.
set -u
cd "$(dirname "$0")/.." || exit 2
version=$(sed -n 's/^return "\(.*\)"$/\1/p' lua/portone/version.lua)
bad=0

# same WHERE WHAT: what was found there
same() {
  [ "$2" = "$version" ] || { echo "$1 says ${2:-nothing}, lua/portone/version.lua $version"; bad=1; }
}

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || { echo "no version: $version"; bad=1; }
same dist.ini "$(sed -n 's/^version = //p' dist.ini)"
same debian/changelog "$(sed -n '1s/^lua-portone (\(.*\)) .*/\1/p' debian/changelog)"
for page in man/*.1; do
  [ -e "$page" ] && same "$page" "$(sed -n 's/^\.Os portone //p' "$page")"
done
# A released version has a heading of its own; the next one stands under Unreleased.
grep -qE "^## \[(Unreleased|$version)\]" CHANGELOG.md || { echo "CHANGELOG.md lacks $version"; bad=1; }
exit $bad
