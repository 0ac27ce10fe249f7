#!/usr/bin/env bash
# A peer behind NAT is reachable long after the NAT would have forgotten it, because of its keepalive;
# and after the NAT gave it another port.
#
#     inside -- nat (forgets after 3 s) -- outside
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology behind-nat

export NAT_TIMEOUT=3 KEEPALIVE=1
up
connected() { on outside wg show wr0 endpoints | grep -q ':[0-9]'; }
within 10 "the keepalive makes the handshake by itself" connected
sleep 8
ping_through outside 10.8.0.1
before=$(wg_field outside endpoints)
"$script" remap
moved() { [ "$(wg_field outside endpoints)" != "$before" ]; }
within 5 "outside follows the NAT's new port" moved
ping_through outside 10.8.0.1
