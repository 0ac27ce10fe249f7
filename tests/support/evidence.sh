# shellcheck shell=bash
# Where packets went, as the kernel counts it: printed when a test fails. One line for each finding, and
# none for what is zero.

# host_losses HOST COMMAND...: of one host; COMMAND runs what follows it there.
host_losses() {
  local host=$1
  shift
  # -s leaves nstat's history alone: the counters since the namespace was made.
  "$@" nstat -as 2>/dev/null | awk -v host="$host" '
    $2 > 0 && $1 ~ /Drop|Discard|Err(s|ors)?$|Fail(s|ed|ures?)?$|Overflow|Prune|NoRoutes|RetransSegs/ {
      printf "%s: %s %d\n", host, $1, $2 }' || true
  "$@" ip -s -s -j link 2>/dev/null | jq -r --arg host "$host" '
    .[] | .ifname as $device | (.stats64 // {}) | to_entries[] | .key as $way | .value | to_entries[]
    | select(.value > 0 and (.key | IN("bytes", "packets", "multicast", "carrier_changes") | not))
    | "\($host): \($device): \($way) \(.key) \(.value)"' || true
  "$@" tc -s -j qdisc 2>/dev/null | jq -r --arg host "$host" '
    .[] | select((.drops // 0) > 0 or (.backlog // 0) > 0)
    | "\($host): \(.dev): qdisc \(.kind) drops \(.drops), backlog \(.backlog) bytes"' || true
}

# machine_losses: what all namespaces share, and how busy the machine is.
machine_losses() {
  local kind processor=0 processed dropped squeezed
  while read -r processed dropped squeezed _; do
    if ((0x$dropped > 0 || 0x$squeezed > 0)); then
      printf 'machine: processor %d: %d packets, backlog dropped %d, out of budget %d times (since boot)\n' \
        $processor $((0x$processed)) $((0x$dropped)) $((0x$squeezed))
    fi
    processor=$((processor + 1))
  done </proc/net/softnet_stat
  printf 'machine: load %s\n' "$(cat /proc/loadavg)"
  for kind in cpu memory; do
    [ ! -r /proc/pressure/$kind ] || sed "s/^/machine: $kind pressure: /; /avg10=0.00 avg60=0.00/d" /proc/pressure/$kind
  done
}
