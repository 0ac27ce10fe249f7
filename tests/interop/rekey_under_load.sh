#!/usr/bin/env bash
# Traffic goes on across the rekeying at 120 s: no reply is lost, and there is a second handshake.
#
#     alice (IMPL_alice)  <== 140 s of traffic ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

up
ping_through alice 10.8.0.2
first=$(wg_field alice latest-handshakes)
on bob iperf3 -s -1 -B 10.8.0.2 >"$state/server.out" 2>&1 &
background+=($!)
within 5 "iperf3 listens" sh -c "'$script' exec bob ss -Hlnt sport = :5201 | grep -q ."
# 20 Mbit/s leave the machine to others; the point is that packets are under way all the time.
# Twice the usual receive buffer holds what comes while a busy machine keeps iperf3 waiting for 80 ms.
on alice iperf3 -c 10.8.0.2 -u -b 20M -l 1200 -w 208K -t 135 --json >"$state/client.json" 2>&1 &
load=$!
background+=("$load")
on alice ping -q -i 0.02 -w 135 10.8.0.2 >"$state/long-ping.out" || true
wait $load || fail "iperf3: $(tail -n 5 "$state/client.json")"
second=$(wg_field alice latest-handshakes)
[ "$((second - first))" -ge 100 ] || fail "no rekeying: handshakes at $first and $second"
note "rekeyed after $((second - first)) s"
sent=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1/p' "$state/long-ping.out")
received=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\2/p' "$state/long-ping.out")
# The last one may still be under way when ping's time is up.
[ $((sent - received)) -le 1 ] || fail "$((sent - received)) of $sent pings lost"
note "$received of $sent pings answered"
lost=$(jq '.end.sum.lost_packets' "$state/client.json")
note "lost UDP datagrams: $lost of $(jq '.end.sum.packets' "$state/client.json")"
[ "$lost" -le 20 ] || fail "$lost datagrams lost"
