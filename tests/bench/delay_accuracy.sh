#!/usr/bin/env bash
# How exactly the lab's wire keeps delays of 10, 50 and 200 ms at 10,000 packets a second, by the
# kernel's time stamps (delay_accuracy.cpp), as root. Prints a table; with PLOT=FILE.svg a plot too.
#
# Environment: BUILD (build/release), DELAYS_MS, PPS, SECONDS_EACH, ROUNDS (the median counts), PLOT,
# LIMITS="P50 P99": fails when a median round is above that many microseconds.
set -euo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${BUILD:=$repo/build/release}" "${DELAYS_MS:=10 50 200}" "${PPS:=10000}" "${SECONDS_EACH:=5}"
: "${ROUNDS:=3}" "${PLOT:=}" "${LIMITS:=}"
[ "$(id -u)" -eq 0 ] || { echo "SKIPPED: needs root: it makes network namespaces"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
printf 'delay_ms\tpps\tround\tp1\tp50\tp90\tp99\tp99.9\tmax\n'
for delay in $DELAYS_MS; do
  for round in $(seq "$ROUNDS"); do
    "$BUILD/tests/bench/delay_accuracy" --delay-ms "$delay" --pps "$PPS" --seconds "$SECONDS_EACH" \
      --samples "$work/$delay.$round.tsv" >"$work/out"
    awk -v round="$round" '!/^#|^delay/ {$2 = $2 "\t" round; gsub(/ /, "\t"); print}' "$work/out" |
      tee -a "$work/rounds"
  done
  # The median round, by its p99.
  read -r round p50 p99 < <(awk -v d="$delay" '$1 == d {print $7, $3, $5}' "$work/rounds" | sort -n |
    awk '{line[NR] = $2 " " $3 " " $1} END {print line[int((NR + 1) / 2)]}')
  cp "$work/$delay.$round.tsv" "$work/$delay ms"
  if [ -n "$LIMITS" ]; then
    read -r most_p50 most_p99 <<<"$LIMITS"
    awk -v a="$p50" -v b="$p99" -v c="$most_p50" -v d="$most_p99" 'BEGIN {exit !(a < c && b < d)}' ||
      { echo "FAILED: $delay ms: p50 $p50 us, p99 $p99 us: above $most_p50 and $most_p99"; status=1; }
  fi
done
if [ -n "$PLOT" ]; then
  (cd "$work" && python3 "$repo/tests/bench/delay_plot.py" "$PPS packets a second" ./*" ms") >"$PLOT"
  echo "# plot: $PLOT"
fi
exit $status
