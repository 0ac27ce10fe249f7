#!/usr/bin/env bash
# From nothing to an encrypted tunnel: installs what is missing, builds Warren, brings up two hosts, and
# shows with figures that the tunnel works. Leaves nothing running.
#
#     alice                                      bob
#     eth0 192.0.2.1/24   <--- veth --->   eth0 192.0.2.2/24
#     wr0  10.8.0.1/24    <== tunnel ==>   wr0  10.8.0.2/24
#
#   netns-scripts/demo.sh          SECONDS_EACH=5 changes how long each measurement takes
set -euo pipefail
cd "$(dirname "$0")/.."

title() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] || title() { printf '\n== %s\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || die "needs root: it makes network namespaces (sudo $0)"
[ -c /dev/net/tun ] || die "/dev/net/tun is missing: load the tun module, or give the container the device"

title "Packages"
netns-scripts/setup.sh demo
echo "everything needed is installed"

title "Build"
mkdir -p build
export CCACHE_DIR="${CCACHE_DIR:-$PWD/build/ccache}"
if [ -n "${WARREN:-}" ]; then
  echo "using $WARREN"
else
  # The tests are for tests/run.sh; a tree that it configured keeps them.
  [ -e build/release/CMakeCache.txt ] || set -- -DWARREN_TESTS=OFF
  if ! { cmake --preset release "$@" &&
    cmake --build --preset release --parallel "$(nproc)" --target warren; } >build/demo.log 2>&1; then
    tail -n 40 build/demo.log
    die "the build failed"
  fi
  WARREN=$PWD/build/release/src/cli/warren
fi
export WARREN WARREN_PREFIX="${WARREN_PREFIX:-demo}"
"$WARREN" --version

topology=netns-scripts/two-hosts.sh
work=$(mktemp -d)
background=()
finish() {
  local pid
  for pid in "${background[@]}"; do kill "$pid" 2>/dev/null || true; done
  $topology down
  rm -rf "$work"
}
trap finish EXIT
on() { $topology exec "$@"; }

title "Topology"
$topology help | sed -n '1,/^UNDERLAY/p' | sed '$d'
$topology up

title "Handshake and ping"
on alice ping -c 5 -i 0.2 10.8.0.2
printf 'handshake (initiation to response, on alice): %s ms\n' \
  "$(on alice "$WARREN" status wr0 --json | jq -r '.peers[0].handshake_duration_ms | if . then . * 100 | round / 100 else "unknown" end')"
on alice ping -q -c 20 -i 0.05 fd08::2 | sed -n 's/^rtt/IPv6 through the tunnel: rtt/p'
on alice ping -q -c 20 -i 0.05 192.0.2.2 | sed -n 's/^rtt/beside the tunnel:       rtt/p'

measure() { # NAME ADDRESS
  on bob iperf3 -s -1 -B "$2" >"$work/server.log" 2>&1 &
  background+=($!)
  for _ in $(seq 100); do
    on bob ss -Hlnt 'sport = :5201' | grep -q . && break
    sleep 0.02
  done
  on alice iperf3 -c "$2" -t "${SECONDS_EACH:-3}" -C cubic --json >"$work/client.json" || die "iperf3: $(jq -r .error "$work/client.json")"
  printf '%-28s %6.2f Gbit/s\n' "$1" "$(jq '.end.sum_received.bits_per_second / 1e9' "$work/client.json")"
}
title "Throughput: one TCP stream, both ends on these $(nproc) cores"
measure "through the tunnel" 10.8.0.2
measure "beside it (plain veth)" 192.0.2.2

title "Nothing readable on the wire"
marker="MARKER-$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')"
on alice tcpdump -Z root --immediate-mode -i eth0 -U -s 0 -w "$work/wire.pcap" 2>"$work/tcpdump.log" &
background+=($!)
capture=$!
for _ in $(seq 100); do grep -q listening "$work/tcpdump.log" && break; sleep 0.05; done
send_marker() { # ADDRESS: one UDP datagram that bob's kernel answers or drops
  on alice bash -c "printf '%s' '$marker' >/dev/udp/$1/9"
}
for _ in 1 2 3 4 5; do send_marker 10.8.0.2; done
sleep 0.5
found() { { grep -aoF "$marker" "$work/wire.pcap" || true; } | wc -l; }
inside=$(found)
datagrams=$(tcpdump -nr "$work/wire.pcap" 'udp port 51820' 2>/dev/null | wc -l)
# The same search must find it when it is sent beside the tunnel: else it would prove nothing.
send_marker 192.0.2.2
sleep 0.5
beside=$(($(found) - inside))
kill $capture
echo "the marker $marker was sent five times through the tunnel and once beside it"
echo "captured on alice's eth0: $datagrams tunnel datagrams; marker found in them: $inside; beside: $beside"
if [ "$inside" -ne 0 ] || [ "$datagrams" -lt 5 ] || [ "$beside" -lt 1 ]; then
  die "the wire is not as it should be"
fi

title "warren status (alice)"
on alice "$WARREN" status wr0

title "Done"
echo "netns-scripts/two-hosts.sh up builds the same hosts to play with; README.md says what else there is."
