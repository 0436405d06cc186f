#!/usr/bin/env bash
# A source archive of the last commit and a rockspec for it:
#   tools/dist.sh VERSION WHERE [URL]     URL: where the archive will lie; default: here
set -eu
cd "$(dirname "$0")/.."
version=$1 to=$2 name=portone-$1
mkdir -p "$to" && to=$(cd "$to" && pwd)
url=${3:-file://$to/$name.tar.gz}
git archive --format=tar.gz --prefix="$name/" -o "$to/$name.tar.gz" HEAD
md5=$(md5sum "$to/$name.tar.gz" | cut -d' ' -f1)
sed -e "s|^version = .*|version = \"$version-1\"|" \
  -e "s|^source = .*|source = { url = \"$url\", md5 = \"$md5\", dir = \"$name\" }|" \
  -e '/^-- Made for `luarocks make`/d' portone-scm-1.rockspec >"$to/$name-1.rockspec"
ls "$to/$name.tar.gz" "$to/$name-1.rockspec"
