#!/usr/bin/env bash
# The labs that throw dice, alone and four at a time: what was asked of whom, and the verdicts, are equal.
#
# Environment: WARREN (the binary).
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. tests/support/basics.sh

warren=$(realpath "${WARREN:-build/release/src/cli/warren}")
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
command -v python3 >/dev/null || skip "needs python3: run netns-scripts/setup.sh test"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

files=(configs/lab/{two-hosts,lossy-long-link,nat-tunnel,partition,switch,web-server,asymmetric,mtu-1280}.toml)
# verdicts JOBS: one line for each expectation and its outcome, from the JUnit report.
verdicts() {
  timeout 300 "$warren" lab test "${files[@]}" -j "$1" --junit "$out/$1.xml" --artifacts "$out/evidence" >"$out/$1.log" ||
    { cat "$out/$1.log"; fail "-j$1 ended with status $?"; }
  python3 - "$out/$1.xml" <<'PY'
import sys, xml.etree.ElementTree as tree
for case in tree.parse(sys.argv[1]).iter("testcase"):
    bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
    print(case.get("classname"), "|", case.get("name"), "|", ",".join(bad) or "passed")
PY
}
verdicts 1 | sort >"$out/one"
verdicts 4 | sort >"$out/four"
[ "$(wc -l <"$out/one")" -ge 20 ] || fail "the report has only $(wc -l <"$out/one") expectations"
diff "$out/one" "$out/four" || fail "-j4 gives other verdicts than -j1"
printf -- '- %d expectations, the same verdicts\n' "$(wc -l <"$out/one")"
