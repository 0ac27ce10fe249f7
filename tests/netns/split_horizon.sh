#!/usr/bin/env bash
# Over TAP, a hub that is not told to (hub = true) forwards nothing between its spokes. With it, it is a
# switch: tests/lab/labs/ethernet-switch.toml.
#
#     spoke1, spoke2, spoke3 -- hub (kind = tap): one Ethernet 10.8.0.0/24
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology hub-and-spoke
export KIND=tap

up
for i in 1 2 3; do within 10 "spoke$i reaches the hub" answers "spoke$i" 10.8.0.1; done
if answers spoke1 10.8.0.12 >/dev/null; then fail "without hub = true, spoke1 reaches spoke2"; fi
note "spokes do not reach each other"
