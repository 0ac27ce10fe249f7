#!/usr/bin/env bash
# Two LANs become one Ethernet over a TAP tunnel: ARP and DHCP cross it.
#
#     pc1 -- br0 [gw1] wr0 <== Ethernet in a tunnel ==> wr0 [gw2] br0 -- pc2
#     10.9.0.1/24  eth0 192.0.2.1/24 <-- veth --> eth0 192.0.2.2/24   (DHCP)
#
# pc1 serves DHCP to pc2 (`bridge.sh exec pc2 busybox udhcpc -i eth0 -n -q -f` asks for a lease).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topology_up() {
  hosts gw1 gw2 pc1 pc2
  link gw1 eth0 192.0.2.1/24 gw2 eth0 192.0.2.2/24
  link gw1 lan - pc1 eth0 10.9.0.1/24
  link gw2 lan - pc2 eth0 -
  tunnel gw1 wr0 - kind=tap listen_port=51820
  peer gw1 wr0 gw2 - endpoint=192.0.2.2:51820
  tunnel gw2 wr0 - kind=tap listen_port=51820
  peer gw2 wr0 gw1 - endpoint=192.0.2.1:51820
  start gw1 wr0
  start gw2 wr0
  switch gw1 br0 lan wr0
  switch gw2 br0 lan wr0
  # The LANs get the tunnel's MTU, so that nothing has to be fragmented.
  for host in pc1 pc2; do
    on "$host" ip link set eth0 mtu "$(on gw1 cat /sys/class/net/wr0/mtu)"
  done
}

main "$@"
