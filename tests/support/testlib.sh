# shellcheck shell=bash
# What the namespace and interop tests share. A test sources this file, calls `topology NAME`, and
# then `up`; whatever happens, the topology is gone when the test ends.
#
# Environment: WARREN (the binary), TRANSFER (tests/support/transfer), IMPL_<host> (see
# netns-scripts/lib.sh). Exit status: 0 passed, 77 skipped with the reason, anything else failed.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${WARREN:=$repo/build/release/src/cli/warren}" "${TRANSFER:=$repo/build/release/tests/support/transfer}"
export WARREN WARREN_PREFIX="${WARREN_PREFIX:-t$$}"

# shellcheck source-path=SCRIPTDIR source=../support/evidence.sh
. "$repo/tests/support/evidence.sh"
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. "$repo/tests/support/basics.sh"

[ "$(id -u)" -eq 0 ] || skip "needs root: it makes network namespaces"
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"

background=()
script=
state=

topology() {
  script=$repo/netns-scripts/$1.sh
  state=/run/warren-netns/$WARREN_PREFIX-$1
  trap finish EXIT
}

losses() {
  local host
  while read -r host; do host_losses "$host" on "$host"; done <"$state/hosts"
  machine_losses
}

finish() {
  local status=$? pid log
  # Only those of them that still run: the number of one that ended may be somebody else's by now.
  for pid in $(comm -12 <(printf '%s\n' "${background[@]}" | sort) <(jobs -pr | sort)); do kill "$pid" || true; done
  if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
    for log in "$state"/*.log; do
      [ -e "$log" ] || continue
      printf -- '--- %s\n' "$(basename "$log")" >&2
      tail -n 40 "$log" >&2
    done
    "$script" status >&2 || true
    for log in "$state"/*.wr0.log; do
      [ -e "$log" ] || continue
      log=${log##*/}
      on "${log%%.*}" "$WARREN" status wr0 --json 2>/dev/null |
        jq -c '[.drops, .handshakes, .statistics] | map(del(.. | select(. == 0)))' >&2 || true
    done
    printf -- '--- losses\n' >&2
    losses >&2 || true
  fi
  "$script" down
  exit "$status"
}

up() { "$script" up; }
on() { "$script" exec "$@"; }

# ping_through FROM TO-ADDRESS [PING OPTIONS...]: five packets, all must return.
ping_through() {
  local from=$1 to=$2
  shift 2
  on "$from" ping -q -c 5 -i 0.05 -W 2 "$@" "$to" >"$state/ping.out" 2>&1 ||
    { cat "$state/ping.out" >&2; fail "ping from $from to $to $*"; }
  grep -q ' 0% packet loss' "$state/ping.out" ||
    { cat "$state/ping.out" >&2; fail "ping from $from to $to $* lost packets"; }
  note "ping from $from to $to $*: $(sed -n 's/^rtt //p' "$state/ping.out")"
}

# One ping that may take its time: a handshake may be needed first.
answers() { on "$1" ping -q -c 1 -W 1 "$2"; }

# transfer tcp|udp FROM TO TO-ADDRESS BYTES [SENDER'S OPTION]: every byte is checked at the receiver.
transfer() {
  local protocol=$1 from=$2 to=$3 address=$4 bytes=$5 flag=t receiver
  shift 5
  [ "$protocol" = tcp ] || flag=u
  on "$to" "$TRANSFER" receive "$protocol" "$address" 7001 "$bytes" >"$state/receive.out" 2>&1 &
  receiver=$!
  background+=("$receiver")
  within 5 "$protocol receiver on $to listens" sh -c "'$script' exec $to ss -Hln$flag sport = :7001 | grep -q ."
  on "$from" "$TRANSFER" send "$protocol" "$address" 7001 "$bytes" "$@" ||
    fail "sending $bytes bytes by $protocol from $from to $to: $(cat "$state/receive.out")"
  wait "$receiver" || fail "$protocol from $from to $to: $(cat "$state/receive.out")"
  note "$(tail -n 1 "$state/receive.out")"
}

# wg_field HOST FIELD: what `wg show wr0 FIELD` says of the only peer.
wg_field() { on "$1" wg show wr0 "$2" | awk '{print $2}'; }

# drops HOST REASON: a drop counter of Warren's.
drops() { on "$1" "$WARREN" status wr0 --json | jq ".drops.$2"; }

# stop HOST [SIGNAL] and start HOST: its end of wr0.
stop() { "$script" stop "$1" wr0 "${2:-TERM}"; }
start() { "$script" start "$1" wr0; }
