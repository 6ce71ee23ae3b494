#!/bin/sh
# Takes one job after the other until it is asked to end.
set -eu
trap 'exit 0' TERM INT

me=$(hostname)

redis() { redis-cli -h "$QUEUE" "$@"; }

while :; do
  touch /tmp/alive
  job=$(redis BLMOVE jobs "working:$me" RIGHT LEFT 2)
  [ -n "$job" ] || continue
  sum=$(printf %s "$job" | sha256sum | cut -d ' ' -f 1)
  redis HSET results "$job" "$sum" >/dev/null
  redis HSET workers "$job" "$me" >/dev/null
  redis LREM "working:$me" 1 "$job" >/dev/null
  echo "done: $job"
done
