#!/usr/bin/env bash
# Instructions of one call beside those of a bare libcurl loop that sends and reads the same bytes:
# what valgrind counts, so it is the same each time, whatever else the machine does. They are those
# of the program alone: neither the kernel nor the time that memory takes is in them.
#
#   bench/blocking/count.sh                     WORLDS="5.4 luajit"
set -u
cd "$(dirname "$0")/../.." || exit 2
worlds=${WORLDS:-5.4 luajit}
command -v valgrind >/dev/null || { echo "count: no valgrind" >&2; exit 0; }
. bench/blocking/setup.sh

# instructions CALLS API WHO: of a whole process that makes so many calls
instructions() {
  local calls=$1 api=$2 who=$3
  pin="valgrind --tool=callgrind --callgrind-out-file=/dev/null"
  case $who in
    bare) $pin "$work/bare" "http://127.0.0.1:$port$path" "$work/$api" ;;
    *) (lua "${who#*@}" "${who%@*}" "$api" "$port" "$work/$api") ;;
  esac <<<"$calls" 2>&1 >/dev/null 9>&- | sed -n 's/.*Collected : //p'
}

for api in v2 v1; do
  (lua "${worlds%% *}" public "$api" "$port" "$work/$api") || exit 1
  path=$(sed -n '1s/^[A-Z]* \([^ ]*\) .*/\1/p' "$work/$api")
  echo "$api: POST $path; instructions of a call, and how many times the bare loop's"
  for who in bare $(for world in $worlds; do echo "core@$world" "public@$world"; done); do
    few=$(instructions 200 "$api" "$who") many=$(instructions 1200 "$api" "$who")
    if [ -z "$few" ] || [ -z "$many" ]; then
      echo "count: $who failed" >&2
      exit 1
    fi
    each=$(((many - few) / 1000))
    [ "$who" = bare ] && bare=$each
    awk -v who="$who" -v n="$each" -v bare="$bare" \
      'BEGIN { printf "  %-18s %10d %8.3f\n", who, n, n / bare }'
  done
done
