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

# A new key takes effect at the next handshake. Warren's side gets a wrong one, and a new session.
warren_host=alice other=10.8.0.2
if [ "${IMPL_alice:-warren}" != warren ]; then warren_host=bob other=10.8.0.1; fi
peer=$(on "$warren_host" wg show wr0 peers)
on "$warren_host" sh -c "umask 077; wg genpsk >/run/warren/psk && wg set wr0 peer '$peer' preshared-key /run/warren/psk"
ping_through "$warren_host" "$other" # the old session goes on
on "$warren_host" ip link set dev wr0 down
on "$warren_host" ip link set dev wr0 up
if on "$warren_host" ping -q -c 2 -W 1 "$other" >/dev/null; then fail "a wrong preshared key was accepted"; fi
note "no handshake with a wrong preshared key"
counted() { on "$warren_host" "$WARREN" status wr0 --json | jq -e '.handshakes.failures.wrong_preshared_key > 0'; }
within 10 "$warren_host counts the failed handshake" counted

on "$warren_host" wg set wr0 peer "$peer" preshared-key "$state/psk"
within 10 "the right key works again" answers "$warren_host" "$other"
