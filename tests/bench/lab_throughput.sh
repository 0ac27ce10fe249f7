#!/usr/bin/env bash
# How much an impaired link of the lab carries, and how exact its rate is, between two namespaces
# (wire_between.cpp) with iperf3, as root. The wire must drop nothing of its own (overrun).
#
#   tcp         a delay of 1 ms and no rate, MTU 1500; super-packets of the sender are cut by the wire
#   udp         the same with datagrams of 1472 and of 64 bytes, as many as the sender can
#   rate N      N Mbit/s and 5 ms: TCP's goodput against the rate x 1448/1514, the share of payload
#               in full frames (headers of 14 + 20 + 20 + 12 bytes; no FCS, preamble or gap)
#
# Environment: BUILD (build/release), SECONDS_EACH, RATES_MBIT, WIRE_OPTIONS (e.g. --ordinary),
# LIMITS="GBIT PERCENT": fails below that much TCP, or above that error of a rate.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${BUILD:=$repo/build/release}" "${SECONDS_EACH:=6}" "${RATES_MBIT:=1 20 100 1000}"
: "${WIRE_OPTIONS:=}" "${LIMITS:=}"
[ "$(id -u)" -eq 0 ] || { echo "SKIPPED: needs root: it makes network namespaces"; exit 77; }
for tool in iperf3 jq nsenter; do
  command -v "$tool" >/dev/null || { echo "SKIPPED: needs $tool"; exit 77; }
done
read -r least_gbit most_percent <<<"${LIMITS:-0 1000}"

work=$(mktemp -d)
status=0
wire=
trap '[ -z "$wire" ] || kill "$wire" || true; rm -rf "$work"' EXIT
mkfifo "$work/in"

# run NAME "WIRE OPTIONS" "IPERF3 OPTIONS": leaves iperf3's result and the wire's counters in $work.
run() {
  local left='' right='' server options client
  read -ra options <<<"$2 $WIRE_OPTIONS"
  read -ra client <<<"$3"
  "$BUILD/tests/bench/wire_between" "${options[@]}" <"$work/in" >"$work/counters" &
  wire=$!
  exec 3>"$work/in"
  until grep -q right= "$work/counters"; do sleep 0.02; done
  eval "$(head -n 1 "$work/counters")"
  nsenter --net="$right" iperf3 -s -1 >/dev/null 3>&- &
  server=$!
  until nsenter --net="$right" ss -Hltn sport = :5201 | grep -q .; do sleep 0.02; done
  nsenter --net="$left" iperf3 -c 10.7.0.2 -J "${client[@]}" >"$work/result" 2>/dev/null 3>&- ||
    { jq -r .error "$work/result"; return 1; }
  wait "$server"
  exec 3>&-
  wait "$wire"
  wire=
  overrun=$(sed -n 's/.* overrun=\([0-9]*\).*/\1/p' "$work/counters" | paste -sd+ | bc)
  frames=$(sed -n 's/^0: frames=\([0-9]*\).*/\1/p' "$work/counters")
  if [ "$overrun" -ne 0 ]; then
    echo "FAILED: $1: the wire dropped $overrun frames of its own"
    status=1
  fi
}
holds() { awk "BEGIN {exit !($1)}"; }

run tcp "--delay-us 1000" "-t $SECONDS_EACH"
gbit=$(jq '.end.sum_received.bits_per_second / 1e9' "$work/result")
seconds=$(jq '.end.sum_sent.seconds' "$work/result")
printf 'tcp\t%.2f Gbit/s\t%.0f frames/s\toverrun %d\t%s\n' "$gbit" "$(bc -l <<<"$frames / $seconds")" \
  "$overrun" "$(sed -n 's/^0:.*\(late_p50.*\)/\1/p' "$work/counters")"
holds "$gbit >= $least_gbit" || { echo "FAILED: tcp: less than $least_gbit Gbit/s"; status=1; }

for payload in 1472 64; do
  run "udp $payload" "--delay-us 1000" "-u -b 0 -l $payload -t $SECONDS_EACH"
  seconds=$(jq '.end.sum.seconds' "$work/result")
  printf 'udp %d\t%.2f Gbit/s\t%.0f frames/s\toverrun %d\treceived by the program %.1f%%\n' "$payload" \
    "$(bc -l <<<"$frames * ($payload + 42) * 8 / $seconds / 10^9")" "$(bc -l <<<"$frames / $seconds")" \
    "$overrun" "$(jq '100 - .end.sum.lost_percent' "$work/result")"
done

for rate in $RATES_MBIT; do
  run "rate $rate" "--delay-us 5000 --rate-mbit $rate" "-O 3 -t $SECONDS_EACH"
  jq -r --argjson rate "$rate" '.end.sum_received.bits_per_second / 1e6 |
    [., (. / ($rate * 1448 / 1514) - 1) * 100] | @tsv' "$work/result" >"$work/rate"
  read -r goodput error <"$work/rate"
  printf 'rate %s\t%.4g Mbit/s of payload\t%+.2f%%\n' "$rate" "$goodput" "$error"
  holds "$error < $most_percent && -($error) < $most_percent" ||
    { echo "FAILED: rate $rate: off by $error%"; status=1; }
done
exit $status
