#!/usr/bin/env bash
# alice's address changes under traffic: bob follows at once, and no second handshake is needed.
#
#     alice (192.0.2.1, then 198.51.100.1) -- core -- bob (203.0.113.2)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology roaming

up
ping_through alice 10.8.0.2
handshake=$(wg_field bob latest-handshakes)
transfer tcp alice bob 10.8.0.2 268435456 &
traffic=$!
# The transfer may be over before alice has moved three times: packets that show where she is go on.
on alice ping -q -i 0.02 -w 20 10.8.0.2 >/dev/null &
background+=($!)
sleep 0.3
for expected in 198.51.100.1 192.0.2.1 198.51.100.1; do
  "$script" roam
  at() { wg_field bob endpoints | grep -q "^$expected:51820$"; }
  within 5 "bob sends to $expected" at
  sleep 0.2
done
wait $traffic || fail "the transfer did not survive roaming"
ping_through bob 10.8.0.1
[ "$(wg_field bob latest-handshakes)" = "$handshake" ] || fail "roaming took a new handshake"
