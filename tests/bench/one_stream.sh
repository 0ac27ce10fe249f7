#!/usr/bin/env bash
# One TCP stream through the tunnel, Warren beside wireguard-go, interleaved in one run: throughput in
# both directions, CPU time of the two tunnel processes per gigabyte, their peak memory, idle ping and
# ping under the stream. Prints a table of medians (min-max) for docs/BENCHMARKS.md.
#
#     alice  <== tunnel over veth, MTU 1420, underlay 1500 ==>  bob      both on the same cores
#
#   tests/bench/one_stream.sh        ROUNDS=3 SECONDS_EACH=5 change the amount
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-5}
results=$(mktemp)

record() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$results"; } # IMPLEMENTATION FIGURE VALUE

tunnel_pids() { cat "$state/alice.wr0.pid" "$state/bob.wr0.pid"; }
cpu_ns() { # every thread of both processes
  local pid
  for pid in $(tunnel_pids); do cat /proc/"$pid"/task/*/schedstat; done | awk '{s += $1} END {printf "%.0f", s}'
}

stream() { # IMPLEMENTATION FIGURE IPERF3-OPTIONS...
  local who=$1 figure=$2 before bytes
  shift 2
  on bob iperf3 -s -1 -B 10.8.0.2 >"$state/iperf3.log" 2>&1 &
  background+=($!)
  until on bob ss -Hlnt 'sport = :5201' | grep -q .; do sleep 0.02; done
  before=$(cpu_ns)
  on alice iperf3 -c 10.8.0.2 -C cubic -t "$seconds" --json "$@" >"$state/client.json" || fail "iperf3: $(jq -r .error "$state/client.json")"
  record "$who" "$figure, Gbit/s" "$(jq '.end.sum_received.bits_per_second / 1e9' "$state/client.json")"
  bytes=$(jq '.end.sum_received.bytes' "$state/client.json")
  record "$who" "$figure, CPU s/GB" "$(jq -n "($(cpu_ns) - $before) / $bytes")"
}

percentile() { sort -n "$1" | awk -v p="$2" '{v[NR] = $1} END {i = int((NR - 1) * p + 0.5) + 1; print v[i]}'; }
pings() { # IMPLEMENTATION FIGURE COUNT
  on alice ping -i 0.005 -c "$3" 10.8.0.2 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' >"$state/pings"
  record "$1" "$2 p50, ms" "$(percentile "$state/pings" 0.5)"
  record "$1" "$2 p99, ms" "$(percentile "$state/pings" 0.99)"
}

for round in $(seq "$rounds"); do
  for who in warren wireguard-go; do
    printf 'round %s: %s\n' "$round" "$who" >&2
    export IMPL_alice=$who IMPL_bob=$who
    up >/dev/null
    on alice ping -q -c 3 -i 0.1 10.8.0.2 >/dev/null
    pings "$who" "idle ping" 400
    stream "$who" "one stream"
    stream "$who" "one stream, reverse" -R
    on bob iperf3 -s -1 -B 10.8.0.2 >"$state/iperf3.log" 2>&1 &
    background+=($!)
    until on bob ss -Hlnt 'sport = :5201' | grep -q .; do sleep 0.02; done
    on alice iperf3 -c 10.8.0.2 -C cubic -t 4 >/dev/null &
    load=$!
    sleep 0.5
    pings "$who" "ping under one stream" 500
    wait $load
    for pid in $(tunnel_pids); do awk '/^VmHWM/ {print $2 / 1024}' "/proc/$pid/status"; done | sort -n | tail -n 1 >"$state/peak"
    record "$who" "peak memory of one end, MiB" "$(cat "$state/peak")"
    "$script" down
  done
done

printf '| figure | warren | wireguard-go | ratio of medians |\n| --- | --- | --- | --- |\n'
cut -f2 "$results" | awk '!seen[$0]++' | while read -r figure; do
  awk -F'\t' -v figure="$figure" '
    function median(list, n,   i, j, t) {
      for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
      return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
    }
    $2 == figure && $1 == "warren" { w[++nw] = $3 + 0 }
    $2 == figure && $1 != "warren" { g[++ng] = $3 + 0 }
    END {
      mw = median(w, nw); mg = median(g, ng)
      printf "| %s | %.3g (%.3g–%.3g) | %.3g (%.3g–%.3g) | %.2f |\n", figure, mw, w[1], w[nw], mg, g[1], g[ng], mg ? mw / mg : 0
    }' "$results"
done
rm -f "$results"
