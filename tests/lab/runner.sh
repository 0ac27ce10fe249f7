#!/usr/bin/env bash
# `warren lab test` as its users meet it: exit codes, messages, several at a time, repetitions,
# interrupts, and that nothing is left of what was running.
#
# Environment: WARREN (the binary). Exit status: 0 passed, 77 skipped with the reason, else failed.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. "$repo/tests/support/basics.sh"
fail() { printf 'FAILED: %s\n' "$*" >&2; [ ! -s out ] || sed 's/^/  | /' out >&2; exit 1; }
WARREN=$(realpath "${WARREN:-$repo/build/release/src/cli/warren}")
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# lab NAME EXPECTATION...: two nodes, a link, and expectations, each one line of TOML.
lab() {
  local name=$1
  shift
  {
    printf '[lab]\nname = "%s"\n[node.a]\n[node.b]\n[[link]]\nname = "cable"\nends = ["a", "b"]\n' "$name"
    [ "$#" -eq 0 ] || printf '[[expect]]\nname = "%s"\n%s\n' "$@"
  } >"$name.toml"
}

# runs STATUS ARGUMENTS...: `warren lab test`, which must end with this status.
runs() {
  local wanted=$1 status=0
  shift
  "$WARREN" lab test "$@" >out 2>&1 || status=$?
  [ "$status" -eq "$wanted" ] || fail "lab test $*: status $status, not $wanted"
}
says() { grep -qF -- "$1" out || fail "it did not say: $1"; }

# Whether a process of ours runs whose command line has the text.
lives() { pgrep -f -- "$1" >/dev/null; }

lab good "b answers" 'ping = { from = "a", to = "b" }'
runs 0 good.toml
note "a lab whose expectations hold passes"
[ ! -e warren-artifacts ] || fail "a test that passed left evidence"

lab bad "b answers" 'ping = { from = "a", to = "b" }' \
  "b is far away" 'rtt = { from = "a", to = "b", count = 3, min = ">1s" }' \
  "it goes on" 'run = { node = "a", command = "exit 3", exit = 3 }'
runs 1 bad.toml
says "b is far away"
says "asked for >1s (3 of 3 replies)"
says "bad.toml:11:1: b is far away"
note "one that does not hold fails, and says what was asked and what was seen"
find warren-artifacts -name index.html | grep -q . || fail "no evidence of a failed test"
note "and leaves evidence"

mkdir one other
for each in one other; do
  { sed 's/"bad"/"twins"/' bad.toml; printf '# %s\n' "$each"; } >"$each/twins.toml"
  printf '[node.%s]\nrun = { name = "talk", command = "echo %s; exec sleep 4711.5" }\n' "$each" "$each" \
    >>"$each/twins.toml"
done
runs 1 -j2 one/twins.toml other/twins.toml one/twins.toml
for each in :one -2:other -3:one; do
  grep -q "^# ${each#*:}$" "warren-artifacts/twins-seed-0${each%:*}/twins.toml" ||
    fail "no evidence of its own: $(find warren-artifacts)"
done
touch warren-artifacts/twins-seed-0/{notes,logs/notes}
sed -i 's/node[.]one/node.another/' one/twins.toml
runs 1 one/twins.toml
[ "$(cd warren-artifacts/twins-seed-0/logs && echo *)" = "another.talk.log notes" ] ||
  fail "stale logs, or lost ones: $(ls warren-artifacts/twins-seed-0/logs)"
[ -e warren-artifacts/twins-seed-0/notes ] || fail "what was not ours is gone"
note "each run has evidence of its own, without what an earlier one left"

mkdir things
ln -s nowhere things/dangling
ln -s ../good.toml things/linked
mkfifo things/fifo
in_folder() { printf 'file = { node = "a", path = "%s/things/%s"%s }' "$work" "$1" "${2:-}"; }
# The socket is made in the node: a program's own is what one would look for.
lab kinds "a folder" "$(in_folder .)" \
  "a FIFO" "$(in_folder fifo)" "a link to a file" "$(in_folder linked ', contains = "good"')" \
  "a link to nothing" "$(in_folder dangling ', exists = false')" \
  "a socket is made" 'run = { node = "a", command = "python3 -c '"'import socket; socket.socket(socket.AF_UNIX).bind(\\\"things/socket\\\")'"'" }' \
  "a socket" "$(in_folder socket)" "below a file" "$(in_folder fifo/x ', exists = false')"
runs 0 kinds.toml
note "a file is there whatever kind of file it is"

runs 2 --replay missing.txt good.toml
says "missing.txt: No such file"
runs 2 --seed -1 good.toml
says "a seed is not negative"
: >verdicts
runs 1 --replay verdicts bad.toml
says "--seed 0 --replay verdicts"
note "a replay that is missing and a seed that is none are refused, and a replay is told again"

printf '[lab]\nname = "wrong"\n[nod.a]\n' >wrong.toml
runs 2 good.toml wrong.toml missing.toml
says "wrong.toml:3:"
says "missing.toml"
! grep -q "b answers" out || fail "something ran beside a wrong file"
note "a wrong file is told, as every other wrong one is, before anything runs"

for i in 1 2 3 4; do lab "many$i" "b answers" 'ping = { from = "a", to = "b" }'; done
runs 1 -j4 many*.toml bad.toml good.toml
note "several at a time: one fails, the others pass"

runs 0 --repeat 3 --vary-seed --seed 7 --tap good.toml
grep -q '^TAP version 14' out || fail "no TAP"
[ "$(grep -c '^ok' out)" -eq 3 ] || fail "not three results for three repetitions"
note "each repetition is a result, in TAP too"

runs 1 --junit junit.xml --artifacts elsewhere bad.toml
grep -q '<failure' junit.xml || fail "JUnit XML has no failure"
[ -d elsewhere ] || fail "the evidence is not where it was asked for"
note "JUnit XML and the folder for evidence are written where they were asked for"
runs 0 --junit new/folder/junit.xml good.toml
grep -q '<testcase' new/folder/junit.xml || fail "no JUnit XML in a folder that was not there"
runs 2 --junit good.toml/junit.xml good.toml
says "good.toml/junit.xml"
! grep -q "b answers\|passed" out || fail "something ran without a place for its report"
note "a place for the report is made, or missed before anything runs"
# Every write to /dev/full fails, and only then.
runs 1 --junit /dev/full bad.toml
says "b is far away"
says "1 failed"
says "/dev/full"
runs 3 --junit /dev/full good.toml
says "1 passed"
note "a report that cannot be written does not hide what was found"

lab slow "it takes its time" 'run = { node = "a", command = "sleep 4711.25", within = "60s" }'
interrupt() {
  # A shell starts what runs in the background with SIGINT ignored.
  env --default-signal=INT "$WARREN" lab test slow.toml >out 2>&1 &
  local runner=$!
  within 10 "the command runs in the node" lives 'sleep 4711.25'
  kill -"$1" "$runner"
  local status=0
  wait "$runner" || status=$?
  [ "$status" -eq $((128 + $2)) ] || fail "after SIG$1 the status was $status"
}
interrupt INT 2
! lives 'sleep 4711.25' || fail "a command of the lab outlived the interrupt"
says interrupted
note "an interrupt ends the lab cleanly, and the runner by the same signal"
interrupt TERM 15
! lives 'sleep 4711.25' || fail "a command of the lab outlived SIGTERM"
note "and so does SIGTERM"
interrupt KILL 9
gone() { ! lives 'sleep 4711.25'; }
within 5 "a killed runner takes its labs with it" gone

"$WARREN" lab test slow.toml >out 2>&1 &
runner=$!
within 10 "the command runs in the node" lives 'sleep 4711.25'
session=$(pgrep -P "$runner" | head -n 1)
kill -SEGV "$session"
status=0
wait "$runner" || status=$?
[ "$status" -eq 3 ] || fail "a session that crashed: status $status"
says "was killed by signal 11"
within 5 "a crashed lab's processes end" gone
note "a session that crashes is an error with its signal, and leaves nothing"

sed -i 's/^name = "slow"/&\ntimeout = "300ms"/' slow.toml
runs 1 slow.toml
says "the scenario's timeout is over"
note "a scenario that takes too long fails"

printf '[lab]\nname = "early"\n[node.a]\nrun = [{ name = "api", command = "echo cannot start >&2; exit 3", ready = { tcp = 80 } }]\n' >early.toml
runs 1 early.toml
says "a: api exited with status 3 before it was ready"
says "cannot start"
note "a program that ends before it is ready fails the test with the end of its log"

lab event "b answers" 'ping = { from = "a", to = "b" }' "time passes" 'run = { node = "a", command = "sleep 0.3" }'
event() { printf '[[at]]\nt = "%s"\n%s\n' "$1" "$2" >>"$3.toml"; }
event 10ms 'node = "a"
run = ["nosuchcommand", "x"]' event
runs 1 event.toml
says "event.toml:14:1: at 10 ms: a: run"
says "could not be applied: "
note "an event that could not be applied fails the test at its place"

lab trouble "time passes" 'run = { node = "a", command = "sleep 0.3" }'
event 10ms 'node = "a"
run = "exit 7"' trouble
event 40s 'link = "cable"
set = { up = false }' trouble
runs 0 trouble.toml
says ") exited with status 7"
says "ended before 1 event, first that of line 15 at 40 s"
note "what goes wrong beside the expectations is told of a test that passes"

lab events
event 10ms 'node = "a"
run = "true"' events
event 300ms 'node = "a"
run = ["nosuchcommand", "x"]' events
runs 1 events.toml
note "without expectations a test lasts until its last event"

export GITHUB_ACTIONS=true GITHUB_WORKSPACE=$work GITHUB_STEP_SUMMARY=$work/summary.md
runs 1 bad.toml
grep -q '^::error file=bad.toml,line=' out || fail "no annotation for GitHub"
[ -s summary.md ] || fail "no step summary"
note "on GitHub failures are annotations, and there is a summary"
