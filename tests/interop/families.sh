#!/usr/bin/env bash
# IPv4 and IPv6 inside, over IPv4 and IPv6 outside, each side once as the initiator; the side without
# an endpoint learns it from the handshake.
#
#     alice (IMPL_alice)  <== tunnel over 4 or 6 ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

for underlay in 4 6; do
  for initiator in alice bob; do
    export UNDERLAY=$underlay ONE_SIDED=$initiator
    note "over IPv$underlay, only $initiator has an endpoint"
    responder=alice to_4=10.8.0.1 to_6=fd08::1
    if [ "$initiator" = alice ]; then responder=bob to_4=10.8.0.2 to_6=fd08::2; fi
    up
    [ "$(wg_field "$responder" endpoints)" = '(none)' ] || fail "$responder knows an endpoint already"
    ping_through "$initiator" "$to_4"
    ping_through "$initiator" "$to_6"
    case $underlay:$(wg_field "$responder" endpoints) in
      4:192.0.2.*:51820 | 6:\[2001:db8::*\]:51820) note "$responder learned the endpoint" ;;
      *) fail "$responder has endpoint $(wg_field "$responder" endpoints)" ;;
    esac
    # The other direction uses what was learned.
    if [ "$initiator" = alice ]; then ping_through bob 10.8.0.1; else ping_through alice 10.8.0.2; fi
    "$script" down
  done
done
