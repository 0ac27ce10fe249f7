#!/usr/bin/env bash
# A tunnel with 100 idle peers sleeps: at most 0.1% of a core over 10 s, no wake-ups of its own, and not
# one datagram on the wire. Also: how fast it is ready, and how fast a handshake is.
#
#     alice (100 more peers that never answer)  <== tunnel ==>  bob
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts

up
ping_through alice 10.8.0.2
handshake=$(on alice "$WARREN" status wr0 --json | jq '.peers[0].handshake_duration_ms')
note "handshake: $handshake ms"
jq -en "$handshake < 5" >/dev/null || fail "the handshake took $handshake ms"

{
  for i in $(seq 100); do
    printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.50.0.%d/32\nEndpoint = 192.0.2.2:%d\n' "$(wg genkey | wg pubkey)" "$i" $((1000 + i))
  done
} >"$state/peers.conf"
on alice wg addconf wr0 "$state/peers.conf"
# The passive keepalive and the last timers of the pings end within 25 s.
sleep 26
cpu_ns() { awk '{print $1}' "/proc/$(cat "$state/alice.wr0.pid")/schedstat"; }
# What the kernel sent over UDP for anybody on alice: nobody else there does.
sent() { on alice nstat -asz UdpOutDatagrams Udp6OutDatagrams | awk '!/^#/ {s += $2} END {print s}'; }
wakeups() { awk '/^voluntary_ctxt_switches/ {print $2}' "/proc/$(cat "$state/alice.wr0.pid")/status"; }
before_ns=$(cpu_ns) before_sent=$(sent) before_wakeups=$(wakeups)
sleep 10
used_us=$((($(cpu_ns) - before_ns) / 1000))
woke=$(($(wakeups) - before_wakeups))
note "10 s idle with 101 peers: $used_us us of CPU, $woke wake-ups, $(($(sent) - before_sent)) datagrams sent"
[ "$used_us" -le 10000 ] || fail "used $used_us us of CPU in 10 s: above 0.1%"
[ "$woke" -le 2 ] || fail "woke up $woke times in 10 s of idleness"
[ "$(sent)" = "$before_sent" ] || fail "idle peers sent datagrams"

# Ready in under 100 ms: the median of five starts.
stop alice
times=()
for _ in 1 2 3 4 5; do
  begin=$(date +%s%N)
  on alice sh -c "'$WARREN' up '$state/alice.wr0.toml' >'$state/start.out' 2>&1 & echo \$! >'$state/start.pid'"
  until grep -q 'is up' "$state/start.out" 2>/dev/null; do
    [ $(($(date +%s%N) - begin)) -lt 5000000000 ] || fail "not ready: $(cat "$state/start.out")"
    sleep 0.005
  done
  times+=($((($(date +%s%N) - begin) / 1000000)))
  kill "$(cat "$state/start.pid")"
  within 3 "it ends" process_ended "$(cat "$state/start.pid")"
done
mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
note "ready after ${times[*]} ms"
[ "${times[2]}" -lt 100 ] || fail "ready only after ${times[2]} ms"
