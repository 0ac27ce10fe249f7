#!/usr/bin/env bash
# SIGKILL at random moments of `lab up`, `lab down` and `lab test`: whichever processes it hits, nothing stays.
# Rootless, and as root as long as the lab's caretaker lives, at once; else after the next command.
#
#   nothing_left.sh root|rootless      MOMENTS=50 SEED=7
#
#   alice --- gate --- bob        gate hides alice (nftables); the link to bob is wired; alice runs a program
# shellcheck source-path=SCRIPTDIR source=../../support/lab_world.sh
. "$(dirname "$0")/../../support/lab_world.sh"

who=${1:-root}
[ "$who" = root ] || requires_rootless
moments=${MOMENTS:-8}
seed=${SEED:-$(($(date +%s) % 32768))}
RANDOM=$seed
note "seed $seed (SEED=… repeats it), $moments moments each"
lab() { as "$who" "$WARREN" lab "$@"; }

cat >killed.toml <<'EOF'
[lab]
name = "killed"
[node.alice]
run = [{ name = "one", command = "sleep 4711" }, { name = "two", command = "setsid sleep 4712 & sleep 4713" }]
[node.gate]
kind = "nat"
outside = "wan"
[node.bob]
[[link]]
ends = ["alice", "gate:lan"]
[[link]]
ends = ["gate:wan", "bob"]
wired = true
[[expect]]
name = "alice reaches bob"
ping = { from = "alice", to = "bob", within = "5s" }
[[expect]]
name = "for a while"
rtt = { from = "alice", to = "bob", count = 10, max = "<5s" }
EOF
chmod 777 "$work"

# Those of the lab: the command, its daemon ("warren"), and what the caretaker is called.
processes() { pgrep -x "$1" || true; }

# kill_now WHOM: everybody | session (all but the caretaker) | caretaker.
kill_now() {
  local pids=
  [ "$1" = caretaker ] || pids=$(processes warren)
  [ "$1" = session ] || pids="$pids $(processes warren-lab-care)"
  # shellcheck disable=SC2086
  kill -KILL $pids 2>/dev/null || true
}

is_over() { [ -z "$(processes warren)" ] || lab down killed 2>/dev/null; }

pause_ms() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

traces >before
began=$(ms)
lab up killed.toml >/dev/null
up_ms=$(($(ms) - began))
began=$(ms)
lab down killed
down_ms=$(($(ms) - began))
within_quietly 5 nothing_new before || fail "down leaves: $(cat difference)"
note "up takes $up_ms ms here, down $down_ms ms"

# after WHOM: what must be gone by itself is, and the rest after a command.
check() {
  if [ "$1" = session ]; then
    within_quietly 10 nothing_new before || fail "$2: left behind at once: $(cat difference)"
  fi
  lab list >/dev/null
  within_quietly 10 nothing_new before || fail "$2: left behind after a command: $(cat difference)"
}

whom=(session everybody session caretaker)
for i in $(seq "$moments"); do
  victim=${whom[$((i % 4))]}
  moment=$((RANDOM % (up_ms * 12 / 10 + 1)))
  lab up killed.toml >/dev/null 2>&1 &
  up=$!
  pause_ms $moment
  kill_now "$victim"
  wait $up || true
  # One that only lost its caretaker, or was not born yet, is taken down as usual.
  within_quietly 10 is_over || true
  kill_now everybody
  check "$victim" "up, $victim killed after $moment ms"
done
note "nothing stays of a lab that was killed while it came up"

for i in $(seq "$moments"); do
  victim=${whom[$((i % 4))]}
  moment=$((RANDOM % (down_ms * 12 / 10 + 1)))
  lab up killed.toml >/dev/null
  lab down killed >/dev/null 2>&1 &
  down=$!
  pause_ms $moment
  kill_now "$victim"
  wait $down || true
  within_quietly 10 is_over || true
  kill_now everybody
  check "$victim" "down, $victim killed after $moment ms"
done
note "nothing stays of a lab that was killed while it went down"

began=$(ms)
lab test killed.toml --artifacts artifacts >said 2>&1 || fail "the test fails by itself: $(cat said)"
test_ms=$(($(ms) - began))
note "test takes $test_ms ms here"
for i in $(seq "$moments"); do
  victim=${whom[$((i % 4))]}
  moment=$((RANDOM % (test_ms * 12 / 10 + 1)))
  lab test killed.toml --artifacts artifacts >/dev/null 2>&1 &
  test=$!
  pause_ms $moment
  kill_now "$victim"
  wait $test || true
  kill_now everybody
  check "$victim" "test, $victim killed after $moment ms"
done
note "nothing stays of a lab that was killed while it was tested"
