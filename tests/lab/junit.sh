#!/usr/bin/env bash
# The file of `warren lab test --junit` is what readers of JUnit XML expect, by a validator that is not
# ours (tests/lab/junit.xsd): for tests that pass, fail, are broken and are skipped, together and alone.
# And the schema refuses what is not.
#
# Environment: WARREN (the binary). Exit status: 0 passed, 77 skipped with the reason, else failed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. "$here/../support/basics.sh"
WARREN=$(realpath "${WARREN:-$here/../../build/release/src/cli/warren}")
command -v xmllint >/dev/null || skip "needs xmllint: run netns-scripts/setup.sh test"
[ "$(id -u)" -eq 0 ] || skip "needs root: it becomes an ordinary user for the test that is skipped"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

chmod 777 .
install -m 755 "$WARREN" warren

# lab NAME EXPECTATION COMMAND
lab() {
  printf '[node.a]\n[[expect]]\nname = %s\nrun = { node = "a", command = %s }\n' "$2" "$3" >"$1.toml"
}
lab passing "'it works'" "'true'"
# What would end an attribute or an element, and bytes that XML cannot hold.
lab failing "'\"quotes\", <tags>, &amp; and ]]>'" "'printf \"<b>]]>&\\001\\033[31m\\377\" >&2; exit 3'"
printf '[node.a]\nrun = { name = "p", command = "exit 3", ready = { tcp = 80 } }\n' >early.toml
# Broken as root; as an ordinary user it is skipped.
printf '[node.a]\nxdp = { iface = "eth0", object = "none.o" }\n[node.b]\n[[link]]\nends = ["a", "b"]\n' >xdp.toml
echo "no object" >none.o

# of FILE XPATH: what xmllint finds there.
of() { xmllint --xpath "$2" "$1"; }

# valid FILE: by the schema, and its counts are what it has.
valid() {
  xmllint --noout --schema "$here/junit.xsd" "$1" 2>said || fail "$1: $(cat said "$1")"
  of "$1" '//testsuites[@tests = count(.//testcase) and @failures = count(.//failure) and
    @errors = count(.//error) and @skipped = count(.//skipped)]/@name' >/dev/null || fail "$1: wrong totals: $(cat "$1")"
  [ "$(of "$1" 'count(//testsuite[@tests = count(testcase) and @failures = count(testcase/failure) and
    @errors = count(testcase/error) and @skipped = count(testcase/skipped)])')" = \
    "$(of "$1" 'count(//testsuite)')" ] || fail "$1: wrong counts: $(cat "$1")"
}

# report STATUS NAME WARREN FILE...: runs the labs, which must end with this status, and validates.
report() {
  local wanted=$1 name=$2 status=0
  shift 2
  "$@" --junit "$name.xml" --artifacts evidence >out 2>&1 || status=$?
  [ "$status" -eq "$wanted" ] || fail "$name: status $status, not $wanted: $(cat out)"
  valid "$name.xml"
}

report 0 passed ./warren lab test passing.toml
[ "$(of passed.xml 'count(//testcase[not(*)])')" = 1 ] || fail "no test case without an outcome: $(cat passed.xml)"
note "a test that passes"
report 1 failed ./warren lab test failing.toml
[ "$(of failed.xml 'string(//testcase/@name)')" = '"quotes", <tags>, &amp; and ]]>' ] ||
  fail "the name is another one: $(cat failed.xml)"
of failed.xml 'string(//failure)' | grep -qF '<b>]]>&' || fail "what was seen is not in it: $(cat failed.xml)"
note "one that fails, with all that XML is sensitive to"
report 3 broken ./warren lab test xdp.toml
of broken.xml 'string(//error/@message)' | grep -q '^opening the BPF object none.o: BPF object format invalid' ||
  fail "no error, or another one: $(cat broken.xml)"
note "one that is broken"
report 4 skipped setpriv --reuid=65534 --regid=65534 --clear-groups ./warren lab test xdp.toml
of skipped.xml 'string(//skipped/@message)' | grep -qF 'only root' || fail "no reason: $(cat skipped.xml)"
note "one that is skipped"
report 1 all ./warren lab test -j2 --repeat 2 passing.toml failing.toml early.toml xdp.toml
[ "$(of all.xml 'count(//testsuite)')" = 8 ] || fail "not four labs, each twice: $(cat all.xml)"
note "all of them, each twice"
valid "$here/../unit/lab/report/golden/junit.xml"
note "the unit tests' sample, which has every attribute"

# refused WHAT SED-COMMAND
refused() {
  sed "$2" failed.xml >wrong.xml
  cmp -s failed.xml wrong.xml && fail "$1: nothing was changed"
  xmllint --noout --schema "$here/junit.xsd" wrong.xml 2>/dev/null && fail "the schema takes $1"
  return 0
}
refused "a test case without a class" 's/ classname="[^"]*"//'
refused "a time in words" 's/<testcase \(.*\) time="[^"]*"/<testcase \1 time="fast"/'
refused "a moment with a zone" 's/ timestamp="[^"]*/&Z/'
refused "an attribute that nobody knows" 's/<testcase /&verdict="bad" /'
refused "two outcomes" 's/<failure /<skipped\/>&/'
refused "properties behind the test cases" '/<properties>/,/<\/properties>/d; s/<\/testsuite>/<properties\/>&/'
refused "a negative count" 's/ failures="1"/ failures="-1"/'
note "the schema refuses what is wrong"
