#!/usr/bin/env bash
# A gibibyte by TCP and by UDP each way; the receiver checks every byte. BYTES sets another amount.
#
#     alice (IMPL_alice)  <== tunnel ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

: "${BYTES:=1073741824}"
up
for protocol in tcp udp; do
  transfer "$protocol" alice bob 10.8.0.2 "$BYTES"
  transfer "$protocol" bob alice 10.8.0.1 "$BYTES"
done
transfer tcp alice bob fd08::2 $((BYTES / 8))
transfer udp bob alice fd08::1 $((BYTES / 8))
