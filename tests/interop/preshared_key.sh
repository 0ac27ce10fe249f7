#!/usr/bin/env bash
# A preshared key on both sides works; on one side alone no handshake completes, and Warren says why.
#
#     alice (IMPL_alice)  <== tunnel with a preshared key ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

export PSK=1
up
ping_through alice 10.8.0.2
ping_through bob 10.8.0.1

# A new key takes effect at the next handshake: restart alice's session with a wrong one.
warren_host=alice
[ "${IMPL_alice:-warren}" = warren ] || warren_host=bob
peer=$(on alice wg show wr0 peers)
on alice sh -c "wg genpsk >/run/warren/psk && wg set wr0 peer '$peer' preshared-key /run/warren/psk"
on alice ip link set dev wr0 down
on alice ip link set dev wr0 up
on alice ip route replace 10.8.0.2/32 dev wr0
if on alice ping -q -c 2 -W 1 10.8.0.2 >/dev/null; then fail "a wrong preshared key was accepted"; fi
note "no handshake with a wrong preshared key"
failures() { on "$warren_host" "$WARREN" status wr0 --json | jq -e '[.handshakes.failures[]] | add > 0'; }
within 10 "$warren_host counts the failed handshake" failures

on bob sh -c "cat '$state/psk' >/run/warren/psk"
on alice sh -c "wg set wr0 peer '$peer' preshared-key '$state/psk'"
within 10 "the right key works again" answers alice 10.8.0.2
