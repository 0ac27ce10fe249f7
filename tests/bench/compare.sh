#!/usr/bin/env bash
# Measures Warren beside other tunnels and beside two floors, and prints the tables (Markdown) and draws the
# plot (SVG) of docs/BENCHMARKS.md.
#
#     alice  <== tunnel over veth ==>  bob      both ends and the generators share the machine's cores
#     inner 10.8.0.1, fd08::1          10.8.0.2, fd08::2
#
# Every round measures every implementation once, so that what else the machine does hits all alike; the
# tables have medians, lowest and highest.
#
#   PEERS        of: warren warren-gcm warren-sodium relay veth wireguard-go nebula openvpn fastd fastd-null,
#                and warren+KEY=VALUE with a setting of [engine]
#   FIGURES      of: ping tcp1 tcp1r tcp4 tcp4r tcp64 tcp64r udp64 udp1400 pingload rss pingoften send, and
#                with v6 behind tcp... and udp... the same over IPv6. r: from bob to alice. pingoften: 5000 a
#                second. send: what alice's end alone costs, as bob's end of the veth drops what arrives.
#   BASE=wireguard-go            what the ratios are of
#   CONDITIONS   of: 1500 9000 (underlay MTU), each also as 1500-nouso (without tx-udp-segmentation)
#   OTHER_FIGURES  those of all conditions but the first
#   ROUNDS=3  SECONDS_EACH=3     how often, how long each TCP stream and flood runs
#   VERBOSE=1    says what the search for a rate finds
#   OUT          folder for results.tsv, tables.md and plot.svg
#
# A quick look: PEERS="warren wireguard-go" FIGURES="tcp1 udp64" CONDITIONS=1500 ROUNDS=1 tests/bench/compare.sh
# It needs root, `netns-scripts/setup.sh bench` and `cmake --build build/release --target bench`.
export WARREN_PREFIX=${WARREN_PREFIX:-b$$}
# shellcheck source-path=SCRIPTDIR source=../../netns-scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../netns-scripts/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib/peers.sh
. "$here/../tests/bench/lib/peers.sh"
# shellcheck source-path=SCRIPTDIR source=lib/figures.sh
. "$here/../tests/bench/lib/figures.sh"

build=${BUILD:-$here/../build/release}
bench_build=$(readlink -f "$build")/tests/bench
WARREN=$(readlink -f "${WARREN:-$build/src/cli/warren}")
[ -x "$bench_build/flood" ] || die "there is no $bench_build/flood: cmake --build build/release --target bench"

read -ra conditions <<<"${CONDITIONS:-1500 1500-nouso 9000}"
read -ra figures <<<"${FIGURES:-ping tcp1 tcp1r tcp4 tcp4r tcp64 tcp64r tcp1v6 tcp1rv6 tcp4v6 udp64 udp1400 udp64v6 udp1400v6 pingload rss}"
read -ra other_figures <<<"${OTHER_FIGURES:-tcp1 tcp1r tcp4 udp1400}"
read -ra peers <<<"${PEERS:-warren warren-gcm relay veth wireguard-go nebula openvpn fastd fastd-null}"
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-3}
out=${OUT:-$PWD/bench-results}
work=$(mktemp -d)
results=$out/results.tsv

clean_up() {
  local pid
  for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
  topology_down
  rm -rf "$work"
}
trap clean_up EXIT

choose_condition() { # sets what a condition stands for
  condition=$1 underlay_mtu=${1%-nouso} underlay_uso=on
  [[ $1 != *-nouso ]] || underlay_uso=off
  # What WireGuard adds over IPv4 is 60 bytes, the most of all; every tunnel gets the same MTU. Thus a
  # datagram of 1400 bytes is one packet.
  inner_mtu=$((underlay_mtu - 60))
}

failures=()
measure_peer() { # FIGURE...
  local figure
  peer_up "$implementation"
  for figure in "$@"; do
    measure "$figure" || failures+=("$condition $implementation $figure, round $round")
  done
  topology_down
}

mkdir -p "$out"
: >"$results"
present=()
for implementation in "${peers[@]}"; do
  reason=$(peer_missing "$implementation")
  if [ -z "$reason" ]; then present+=("$implementation"); else say "skipped: $implementation: $reason" >&2; fi
done

for round in $(seq "$rounds"); do
  for name in "${conditions[@]}"; do
    choose_condition "$name"
    wanted=("${figures[@]}")
    [ "$name" = "${conditions[0]}" ] || wanted=("${other_figures[@]}")
    for implementation in "${present[@]}"; do
      say "round $round of $rounds, $condition: $implementation" >&2
      measure_peer "${wanted[@]}"
    done
  done
done

"$here/../tests/bench/render.py" "$results" "$out/tables.md" "$out/plot.svg"
cat "$out/tables.md"
[ ${#failures[@]} -eq 0 ] || { printf 'not measured: %s\n' "${failures[@]}" >&2; exit 1; }
