#!/usr/bin/env bash
# lab.sh NAME: runs tests/lab/labs/NAME.toml; what it is about stands there. These labs test the tunnel
# between two Warrens; those in configs/lab are examples for users.
#
# Environment: WARREN (the binary), TRANSFER (tests/support/transfer), which the labs' commands use too.
# Exit status: 0 passed, 77 skipped with the reason, else failed.
set -euo pipefail
cd "$(dirname "$0")/labs"

repo=$(cd ../../.. && pwd)
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. "$repo/tests/support/basics.sh"
WARREN=$(realpath "${WARREN:-$repo/build/release/src/cli/warren}")
TRANSFER=$(realpath "${TRANSFER:-$repo/build/release/tests/support/transfer}")
export WARREN TRANSFER
[ "$(id -u)" -eq 0 ] || skip "needs root: tcpdump and conntrack do in a user namespace what they cannot"
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
for tool in wg tcpdump arping conntrack jq; do
  command -v "$tool" >/dev/null || skip "needs $tool: run netns-scripts/setup.sh test"
done

evidence=$(mktemp -d)
trap 'rm -rf "$evidence"' EXIT
status=0
"$WARREN" lab test "$1.toml" --artifacts "$evidence" || status=$?
if [ "$status" -ne 0 ]; then
  # What a reader of the log needs, since the evidence goes with the machine.
  find "$evidence" -name '*.log' | while read -r log; do
    printf -- '--- %s\n' "${log#"$evidence"/}"
    tail -n 40 "$log"
  done
fi
exit "$status"
