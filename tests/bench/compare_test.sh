#!/usr/bin/env bash
# A short run of compare.sh: every kind of figure is measured for a variant of Warren and its null
# relay, and the tables and the plot are made.
set -euo pipefail
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || { echo "SKIPPED: needs root: it makes network namespaces"; exit 77; }

OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT
export OUT
PEERS="warren+udp_offload=none relay" FIGURES="ping pingoften tcp4rv6 udp64 udp1400 send rss" \
  CONDITIONS=1500-nouso ROUNDS=1 SECONDS_EACH=1 SEARCH_SECONDS=0.2 "$(dirname "$0")/compare.sh" >/dev/null

for implementation in warren+udp_offload=none relay; do
  for figure in ping.p50 ping.p99 pingoften.cpu tcp4rv6 tcp4rv6.cpu udp64 udp64.cpu udp64.sent udp1400 send.cpu rss; do
    awk -F'\t' -v i="$implementation" -v f="$figure" '$2 == i && $4 == f && $5 > 0 { found = 1 } END { exit !found }' \
      "$OUT/results.tsv" || fail "$implementation: no $figure: $(cat "$OUT/results.tsv")"
  done
done
grep -q '^| TCP, 4 streams, reverse, IPv6: Gbit/s | [0-9.]* | [0-9.]* |$' "$OUT/tables.md" || fail "$(cat "$OUT/tables.md")"
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$OUT/plot.svg"
