#!/usr/bin/env bash
# UDP over IPv6 whose checksum computes to zero: it must be sent as 0xffff (RFC 8200, 8.1). Warren does
# so, and the datagram arrives at first try. wireguard-go 0.0.20231211 does not, and a receiver has to
# drop it; the transfer then goes on with its next attempt, which has another checksum.
#
#     alice (IMPL_alice)  <== tunnel ==>  bob (IMPL_bob), which sends
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

up
within 10 "bob reaches alice" answers bob fd08::1
on alice nstat -n
transfer udp bob alice fd08::1 1000000 zero-checksum >"$state/send.out"
cat "$state/send.out"
dropped=$(on alice nstat -asj | jq '.kernel.Udp6InCsumErrors // 0')
note "alice dropped $dropped datagrams for their checksums"
[ "${IMPL_bob:-warren}" != warren ] || [ "$dropped" -eq 0 ] || fail "Warren sent wrong checksums"
