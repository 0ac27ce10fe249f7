#!/usr/bin/env bash
# Dice and recordings: the same seed gives the same verdicts, another one gives others, and the
# verdicts that a failed test wrote down can be applied again whatever the seed.
#
# Environment: WARREN (the binary). Exit status: 0 passed, 77 skipped with the reason, else failed.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. "$repo/tests/support/basics.sh"
WARREN=$(realpath "${WARREN:-$repo/build/release/src/cli/warren}")
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# No count of lost frames is right, so that every run leaves evidence and says what it saw.
cat >lossy.toml <<'EOF'
[lab]
name = "lossy"
[node.a]
[node.b]
[[link]]
name = "wan"
ends = ["a", "b"]
loss = "20%"
[[expect]]
name = "the first round trips"
rtt = { from = "a", to = "b", count = 200, interval = "1ms", loss = "0%..100%" }
[[expect]]
name = "numbered packets"
udp = { from = "a", to = "b", count = 2000, pps = 10000, loss = "<0.0001%" }
EOF

# verdicts DIRECTORY ARGUMENTS...: which packets of the UDP flow were lost, as the evidence says.
verdicts() {
  local directory=$1
  shift
  "$WARREN" lab test --artifacts "$directory" "$@" lossy.toml >"$directory.out" 2>&1 && fail "it passed: $*"
  cp "$directory"/*/verdicts.txt "$directory.txt"
  # The link, the direction and the flow of the most lines, and the packets' numbers.
  grep '^wan 0 ' "$directory.txt" | awk '{print $3}' | sort | uniq -c | sort -rn |
    awk 'NR == 1 {print $2}' >"$directory.flow"
  grep "^wan 0 $(cat "$directory.flow") .* lost" "$directory.txt" | awk '{print $3, $4}' >"$directory.lost"
  [ "$(wc -l <"$directory.lost")" -gt 300 ] || fail "too little was lost: $(wc -l <"$directory.lost")"
}

verdicts first --seed 1
verdicts again --seed 1
verdicts other --seed 2
cmp -s first.lost again.lost || fail "the same seed lost other packets"
note "the same seed loses the same packets"
! cmp -s first.lost other.lost || fail "another seed lost the same packets"
note "another seed loses others"
verdicts replayed --seed 2 --replay first.txt
cmp -s first.lost replayed.lost || fail "the recorded verdicts were not applied"
note "recorded verdicts go before the dice"

printf 'wan 0 nonsense\n' >broken.txt
status=0
"$WARREN" lab test --replay broken.txt lossy.toml >broken.out 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "a recording that is none: status $status"
grep -q '^warren: broken.txt:1: ' broken.out || fail "the place in the recording is not named"
note "a recording that is none is refused with its line"
