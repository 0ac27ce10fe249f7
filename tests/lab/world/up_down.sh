#!/usr/bin/env bash
# A lab that is up: its nodes, its links, what can be asked of it, and its end.
#
#   alice --- core --- bob        `wan` (bob - core) is wired, the other link plain
# shellcheck source-path=SCRIPTDIR source=../../support/lab_world.sh
. "$(dirname "$0")/../../support/lab_world.sh"

who=${1:-root}
[ "$who" = root ] || requires_rootless
lab() { as "$who" "$WARREN" lab "$@"; }
in_alice() { lab exec updown alice -- "$@"; }

cat >updown.toml <<'EOF'
[lab]
name = "updown"
[node.alice]
run = [{ name = "web", command = "sleep 4711" }]
[node.bob]
[node.core]
kind = "switch"
[[link]]
name = "lan"
ends = ["alice", "core"]
[[link]]
name = "wan"
ends = ["bob", "core"]
wired = true
EOF
sed 's/updown/second/' updown.toml >second.toml
chmod 777 "$work"
traces >before

lab up updown.toml >said
grep -q '^updown is up: 3 nodes, 2 links; network in ' said || fail "up said: $(cat said)"
note "up says what there is: $(head -n 1 said)"

in_alice ping -c 1 -W 2 bob >/dev/null || fail "alice does not reach bob by name"
note "nodes reach each other by name, through a plain link and a wired one"

[ "$(in_alice hostname)" = alice ] || fail "the node's name is not the machine's"
status=0; in_alice sh -c 'exit 42' || status=$?
[ $status -eq 42 ] || fail "the exit status was $status"
status=0; in_alice /no/such/command 2>error || status=$?
[ $status -eq 127 ] || fail "a missing command gave $status"
grep -q '/no/such/command: No such file' error || fail "a missing command: $(cat error)"
status=0; in_alice sh -c 'kill -9 $$' || status=$?
[ $status -eq 137 ] || fail "a killed command gave $status"
[ "$(echo word | in_alice cat)" = word ] || fail "standard input does not arrive"
in_alice test -e updown.toml || fail "the directory is another one"
in_alice pgrep -f 'sleep 4711' >/dev/null || fail "the program of the lab does not run"
note "exec passes input, output, directory and exit status, and sees the lab's processes"

if [ "$who" = root ]; then
  ip netns exec updown-alice ping -c 1 -W 2 10.0.0.2 >/dev/null || fail "ip netns does not know alice"
  note "ip netns knows the nodes"
fi
cat >typed <<'EOF'
echo "shell of $(hostname)"; exit 3
EOF
status=0; SHELL=/bin/bash script -qec "$(declare -f as); WARREN=$WARREN; as $who \$WARREN lab shell updown bob" \
  /dev/null <typed >terminal 2>&1 || status=$?
grep -q 'shell of bob' terminal || fail "shell: $(cat terminal)"
[ $status -eq 3 ] || fail "the shell's exit status was $status: $(cat terminal)"
note "shell gives a terminal in the node"

[ "$(lab status updown --json | jq -r '.links[] | select(.name == "wan").wired')" = true ] ||
  fail "status does not know the wired link"
lab status updown | grep -q 'bob:eth0 > core' || fail "status: $(lab status updown)"
lab set updown wan delay=30ms >said
grep -q '30 ms' said || fail "set said: $(cat said)"
rtt=$(in_alice ping -c 3 -i 0.2 bob | sed -n 's|^rtt .* = \([0-9]*\).*|\1|p')  # the shortest
if [ "$rtt" -lt 59 ] || [ "$rtt" -gt 75 ]; then fail "the round trip takes $rtt ms instead of 60"; fi
lab status updown --json | jq -e '.links[] | select(.name == "wan").directions[0].late_ns |
  .p50 > 0 and .p50 <= .p99 and .p99 <= .max' >/dev/null || fail "status tells no lateness: $(lab status updown)"
lab status updown | grep -q '30 ms; .*late by [0-9]* us (p50)' || fail "status: $(lab status updown)"
lab set updown wan loss=100% --direction forward >/dev/null
! in_alice ping -c 1 -W 1 bob >/dev/null || fail "the link loses nothing"
lab set updown wan reset >/dev/null
in_alice ping -c 1 -W 2 bob >/dev/null || fail "reset leaves something"
note "set changes delay and loss of a wired link while it is up"
mkdir traces
printf '1\n' >traces/slow
(cd / && lab set updown wan trace=traces/slow >"$work/said") || fail "set did not find a trace beside the lab's file"
grep -q trace said || fail "set of a trace said: $(cat said)"
(cd traces && lab set updown wan reset >/dev/null)
note "a trace is looked for beside the lab's file"
status=0; lab set updown lan delay=30ms 2>error || status=$?
[ $status -eq 2 ] || fail "set of a plain link gave $status"
grep -q 'wired = true' error || fail "set of a plain link: $(cat error)"
status=0; lab set updown wan dealy=30ms 2>error || status=$?
[ $status -ne 0 ] || fail "an unknown setting was taken"
note "set refuses a plain link, with the remedy, and an unknown setting"

lab capture updown wan -w captured.pcapng 2>/dev/null &
capture=$!
within 20 "the capture sees the frames of the link" \
  eval 'in_alice ping -c 1 -W 2 bob >/dev/null; tshark -r captured.pcapng -Y icmp 2>/dev/null | grep -q Echo'
pkill -TERM -f '^[^ ]*warren lab capture'
wait $capture || fail "the capture did not end in order"
lab capture updown lan -w - 2>/dev/null | head -c 2000 >piped &
piped=$!
has_ended() {
  in_alice ping -c 3 -i 0.01 bob >/dev/null
  ! kill -0 "$1" 2>/dev/null
}
within 10 "a capture of a plain link can be piped, and ends with its reader" has_ended $piped
tshark -r piped >decoded 2>/dev/null || true  # the last frame is cut
grep -q 'Echo (ping) request' decoded || fail "the piped capture has no echo"

echo precious >kept.pcapng
chmod 666 kept.pcapng
for wrong in 'downup wan' 'updown wlan'; do
  # shellcheck disable=SC2086
  ! lab capture $wrong -w kept.pcapng 2>error || fail "capture $wrong was taken"
  # shellcheck disable=SC2086
  ! lab capture $wrong -w none.pcapng 2>error || fail "capture $wrong was taken"
done
[ "$(cat kept.pcapng)" = precious ] || fail "a capture that was refused emptied its file"
[ ! -e none.pcapng ] || fail "a capture that was refused left a file"
lab capture updown lan -w kept.pcapng 2>error &
capture=$!
within 5 "a capture replaces what its file held" eval '! grep -aq precious kept.pcapng && [ -s kept.pcapng ]'
pkill -TERM -f '^[^ ]*warren lab capture'
wait $capture || fail "the capture did not end in order: $(cat error)"
note "a capture that is refused leaves its file alone"

status=0; lab up updown.toml 2>error || status=$?
[ $status -ne 0 ] || fail "the same lab came up twice"
grep -q 'up already' error || fail "up twice: $(cat error)"
lab up second.toml >/dev/null
[ "$(lab list --names | paste -sd ' ')" = 'second updown' ] || fail "list: $(lab list)"
lab exec second alice -- ping -c 1 -W 2 bob >/dev/null || fail "the second lab does not work"
lab down second
[ "$(lab list --names)" = updown ] || fail "list after down: $(lab list)"
in_alice ping -c 1 -W 2 bob >/dev/null || fail "the first lab went with the second"
note "two labs are up at once; the same one twice is refused"

for wrong in 'exec updown carol -- true' 'set updown wlan delay=1ms' 'down downup' 'status downup'; do
  status=0
  # shellcheck disable=SC2086
  lab $wrong 2>error || status=$?
  [ $status -eq 2 ] || fail "lab $wrong gave $status: $(cat error)"
  grep -q 'hint: ' error || fail "lab $wrong: $(cat error)"
done
note "unknown names are refused, with those that there are"

cat >never.toml <<'EOF'
[lab]
name = "never"
[node.a]
run = [{ name = "late", command = "sleep 4713", ready = { tcp = 9, within = "10m" } }]
EOF
# comes_up_for_ever: `up` in the background ($up), at the moment from which it only waits.
comes_up_for_ever() {
  lab up never.toml >/dev/null 2>error &
  up=$!
  within_quietly 10 pgrep -f '^sleep 4713' || fail "the program of never.toml does not start: $(cat error)"
}
is_gone() { ! pgrep -f '^sleep 4713' && ! lab list --names | grep -qx never; }
comes_up_for_ever
timeout 20 bash -c "$(declare -f as lab); WARREN=$WARREN who=$who; lab down never" 2>said ||
  fail "down of a lab that comes up: $(cat said)"
status=0; wait $up || status=$?
[ $status -eq 1 ] || fail "up of a lab that was taken down gave $status"
grep -q 'lab down. ended it before it was ready' error || fail "up of a lab that was taken down: $(cat error)"
is_gone || fail "a lab that was taken down before it was ready is still there"
note "down ends a lab that waits for its programs"
comes_up_for_ever
# The oldest is the one that waits; the lab itself is of the same name.
kill -TERM "$(pgrep -o -f '^[^ ]*warren lab up never')"
wait $up || true
within 10 "a lab for which nobody waits any more gives up" is_gone
comes_up_for_ever
kill -TERM "$(pgrep -P 1 -f '^[^ ]*warren lab up never')"
wait $up || true
grep -q interrupted error || fail "a lab that was interrupted before it was ready said: $(cat error)"
within 10 "SIGTERM ends a lab that waits for its programs" is_gone

cat >garbled.toml <<'EOF'
[node.a]
run = [{ name = "noise", command = "printf 'cannot \\377 start\\n'; exit 1", ready = { tcp = 9 } }]
EOF
status=0; lab up garbled.toml 2>error || status=$?
[ $status -eq 1 ] || fail "up of a program that fails gave $status"
grep -q 'a: noise exited with status 1 before it was ready' error || fail "a garbled log: $(cat error)"
note "why a lab does not come up is said whatever its programs wrote"

# Without a folder that the login made, labs are registered in /tmp, where anybody may be first.
if [ "$who" = rootless ]; then
  mount -t tmpfs -o mode=1777 tmpfs /tmp
  homeless() { as rootless env -u XDG_RUNTIME_DIR "$WARREN" lab "$@"; }
  refuses() {
    local status=0
    for command in 'list' 'status bait' 'exec bait a -- true' 'up second.toml'; do
      status=0
      # shellcheck disable=SC2086
      homeless $command >/dev/null 2>error || status=$?
      [ $status -ne 0 ] || fail "lab $command used $1"
      grep -q 'not a folder that only you may use' error || fail "lab $command with $1: $(cat error)"
    done
    [ -e /tmp/mine/lab/bait/control ] || fail "below $1 something was removed"
  }
  install -d -m 700 -o 54321 /tmp/mine /tmp/mine/lab /tmp/mine/lab/bait
  touch /tmp/mine/lab/bait/control
  chown -R 54321 /tmp/mine
  ln -s mine /tmp/warren-54321
  refuses "a link"
  rm /tmp/warren-54321
  cp -a /tmp/mine /tmp/warren-54321
  chmod 755 /tmp/warren-54321
  refuses "a folder that others may read"
  chmod 777 /tmp/warren-54321
  chown 1 /tmp/warren-54321
  refuses "somebody else's folder"
  rm -r /tmp/warren-54321
  homeless up second.toml >/dev/null
  [ "$(homeless list --names)" = second ] || fail "list in /tmp: $(homeless list)"
  homeless down second
  umount /tmp
  note "a registry in /tmp is used only where it is the user's own"
fi

in_alice sleep 4712 &
sleeper=$!
within 5 "a command runs while the lab goes down" eval 'in_alice pgrep -f "sleep 4712" >/dev/null'
lab down updown
status=0; wait $sleeper || status=$?
[ $status -eq 137 ] || fail "a command in a lab that went down gave $status"
nothing_new before || within_quietly 10 nothing_new before || fail "left behind: $(cat difference)"
note "down leaves nothing"
