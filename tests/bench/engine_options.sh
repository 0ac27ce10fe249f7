#!/usr/bin/env bash
# What each setting of [engine] costs or gains: both ends with it beside both ends with the defaults,
# interleaved in one run. Prints a table of medians (min-max) for docs/BENCHMARKS.md.
#
#     alice  <== tunnel over veth, MTU 1420, underlay 1500 ==>  bob      all on the same cores
#
# Pings run at real-time priority, ping and tunnel processes alike, so that what else the machine does
# stays out of the figures.
#
# "Sending only" stands in for a network card that fetches the bytes itself: bob's end of the veth drops
# the bulk before the kernel has to copy it for a local receiver. UDP super-packets of 40 * 1400 bytes
# are sent into the tunnel without pause; the figure is the CPU time of alice's tunnel process alone.
#
#   tests/bench/engine_options.sh [SETTING...]    e.g. 'zero_copy = true'
#   ROUNDS=3 SECONDS_EACH=4 change the amount
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-4}
variants=("$@")
[ $# -gt 0 ] || variants=('zero_copy = true' 'busy_poll_us = 50' 'aead = "libsodium"' 'tun_offload = "tso"'
  'tun_offload = "none"' 'udp_offload = "none"')
results=$(mktemp)

record() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$results"; } # VARIANT FIGURE VALUE
cpu_ns() { # HOST...: every thread of their tunnel processes
  local host
  for host in "$@"; do cat /proc/"$(cat "$state/$host.wr0.pid")"/task/*/schedstat; done | awk '{s += $1} END {printf "%.0f", s}'
}
percentile() { sort -n "$1" | awk -v p="$2" '{v[NR] = $1} END {i = int((NR - 1) * p + 0.5) + 1; print v[i]}'; }
statistic() { on alice "$WARREN" status wr0 --json | jq ".statistics.$1"; }

sending_only() { # VARIANT
  local before_ns before_bytes before_copies before_sends
  # The handshake's datagrams pass; they are short.
  on bob nft -f - <<'NFT'
table netdev bulk {
  chain arriving {
    type filter hook ingress device "eth0" priority 0
    udp length > 1000 drop
  }
}
NFT
  before_copies=$(statistic udp_zero_copy_copies) before_sends=$(statistic udp_zero_copy_sends)
  before_ns=$(cpu_ns alice) before_bytes=$(statistic udp_send_bytes)
  on alice python3 - "$seconds" <<'PYTHON'
import socket, sys, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.SOL_UDP if hasattr(socket, "SOL_UDP") else 17, 103, 1372)  # UDP_SEGMENT
sender.connect(("10.8.0.2", 9))
burst, end = bytes(40 * 1372), time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    for _ in range(64):
        sender.send(burst)
PYTHON
  record "$1" "sending only, CPU s/GB of the sender" \
    "$(jq -n "($(cpu_ns alice) - $before_ns) / ($(statistic udp_send_bytes) - $before_bytes)")"
  [ "$before_sends" = 0 ] || record "$1" "sending only, messages copied after all, %" \
    "$(jq -n "100 * ($(statistic udp_zero_copy_copies) - $before_copies) / ($(statistic udp_zero_copy_sends) - $before_sends)")"
  on bob nft delete table netdev bulk
}

pings() { # VARIANT INTERVAL-MS COUNT
  local before
  before=$(cpu_ns alice bob)
  on alice chrt -f 10 ping -i "0.00${2/./}" -c "$3" 10.8.0.2 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' >"$state/pings"
  record "$1" "ping every $2 ms, p50, us" "$(jq -n "$(percentile "$state/pings" 0.5) * 1000")"
  record "$1" "ping every $2 ms, p99, us" "$(jq -n "$(percentile "$state/pings" 0.99) * 1000")"
  record "$1" "ping every $2 ms, CPU of both tunnel processes, us for each" "$(jq -n "($(cpu_ns alice bob) - $before) / 1e3 / $3")"
}

measure() { # VARIANT
  local who=$1 host before bytes
  up >/dev/null
  if [ "$who" != defaults ]; then
    for host in alice bob; do
      stop "$host"
      sed -i "0,/^\[\[peer/s//[engine]\n$who\n\n[[peer/" "$state/$host.wr0.toml"
      start "$host"
    done
  fi
  within 5 "$who: the tunnel answers" answers alice 10.8.0.2 >/dev/null
  for host in alice bob; do chrt -f -p 10 "$(cat "$state/$host.wr0.pid")"; done
  pings "$who" 2 1000
  pings "$who" 0.2 1000
  for host in alice bob; do chrt -o -p 0 "$(cat "$state/$host.wr0.pid")"; done
  on bob iperf3 -s -1 -B 10.8.0.2 >"$state/iperf3.log" 2>&1 &
  background+=($!)
  until on bob ss -Hlnt 'sport = :5201' | grep -q .; do sleep 0.02; done
  before=$(cpu_ns alice bob)
  on alice iperf3 -c 10.8.0.2 -C cubic -t "$seconds" --json >"$state/client.json" || fail "iperf3: $(jq -r .error "$state/client.json")"
  bytes=$(jq '.end.sum_received.bytes' "$state/client.json")
  record "$who" "one TCP stream, Gbit/s" "$(jq '.end.sum_received.bits_per_second / 1e9' "$state/client.json")"
  record "$who" "one TCP stream, CPU s/GB" "$(jq -n "($(cpu_ns alice bob) - $before) / $bytes")"
  sending_only "$who"
  "$script" down
}

for round in $(seq "$rounds"); do
  for who in defaults "${variants[@]}"; do
    printf 'round %s: %s\n' "$round" "$who" >&2
    measure "$who"
  done
done

printf '| setting | figure | with it | defaults | ratio of medians |\n| --- | --- | --- | --- | --- |\n'
for who in "${variants[@]}"; do
  cut -f2 "$results" | awk '!seen[$0]++' | while read -r figure; do
    awk -F'\t' -v figure="$figure" -v who="$who" '
      function median(list, n,   i, j, t) {
        for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
        return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
      }
      $2 == figure && $1 == who { w[++nw] = $3 + 0 }
      $2 == figure && $1 == "defaults" { d[++nd] = $3 + 0 }
      END {
        if (!nw) exit
        mw = median(w, nw); md = nd ? median(d, nd) : 0
        printf "| `%s` | %s | %.3g (%.3g–%.3g) | %.3g (%.3g–%.3g) | %.2f |\n", who, figure, mw, w[1], w[nw], md, d[1], d[nd], md ? mw / md : 0
      }' "$results"
  done
done
rm -f "$results"
