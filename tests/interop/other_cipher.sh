#!/usr/bin/env bash
# One end has another cipher than the other: no handshake ever completes, whoever begins. The end that
# is called says why; the end that calls gives up and says what may be the reason.
#
#     alice (Warren, aes-256-gcm)  <=/= tunnel =/=>  bob (IMPL_bob, WireGuard's cipher)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

"$WARREN" doctor --json |
  jq -e '.checks[] | select(.what == "cipher aes-256-gcm") | .health == "works"' >/dev/null ||
  skip "this CPU has no AES instructions"
export CIPHER_alice=aes-256-gcm
up

failures() { # HOST REASON
  on "$1" "$WARREN" status wr0 --json | jq -e ".handshakes.failures.$2 > 0"
}
says() { grep -qF "$2" "$state/$1.wr0.log"; }
unanswered() { # FROM TO-ADDRESS
  if on "$1" ping -q -c 2 -W 1 "$2" >/dev/null; then fail "a packet from $1 reached the other cipher"; fi
}

unanswered alice 10.8.0.2
if [ "${IMPL_bob:-wireguard-go}" = warren ]; then
  within 10 "bob counts other_cipher" failures bob other_cipher
  within 5 "bob's log says why, and names the peer" says bob \
    'handshake with alice (192.0.2.1:51820) failed: the peer uses another cipher'
fi

unanswered bob 10.8.0.1
within 10 "alice counts other_cipher" failures alice other_cipher
within 5 "alice's log says why, and names the peer" says alice \
  'handshake with bob (192.0.2.2:51820) failed: the peer uses another cipher'

within 100 "alice gives up" failures alice timed_out
within 5 "alice's log says what may be the reason" says alice \
  'the peer is out of reach, or has another key, kind or cipher'
[ "$(on alice "$WARREN" status wr0 --json | jq .handshakes.completed)" = 0 ] || fail "a handshake completed"
[ "$(wg_field bob latest-handshakes)" = 0 ] || fail "bob completed a handshake"
note "no handshake completed"
