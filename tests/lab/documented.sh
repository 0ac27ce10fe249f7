#!/usr/bin/env bash
# The labs that docs/LAB.md shows whole work as they stand there.
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. "$(dirname "$0")/../support/basics.sh"
set -euo pipefail

repo=$(cd "$(dirname "$0")/../.." && pwd)
WARREN=$(realpath "${WARREN:-$repo/build/release/src/cli/warren}")
[ "$(id -u)" -eq 0 ] || skip "needs root: it makes network namespaces"
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# One file for each block; those without a node are parts of a file.
awk '/^```toml$/ { number++; inside = 1; next } /^```$/ { inside = 0 }
     inside { print >("lab-" number ".toml") }' "$repo/docs/LAB.md"
whole=0
for lab in lab-*.toml; do
  grep -q '^\[node\.' "$lab" || continue
  "$WARREN" lab test "$lab" --artifacts evidence >said 2>&1 || fail "$lab: $(cat "$lab" said)"
  whole=$((whole + 1))
done
[ "$whole" -ge 2 ] || fail "found $whole labs"
note "$whole labs work as they are shown"
