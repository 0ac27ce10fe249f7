#!/usr/bin/env bash
# Two LANs bridged over a TAP tunnel are one Ethernet: DHCP gives out a lease across it, ARP resolves
# across it, frames of every size up to the MTU pass unchanged, and bulk data arrives whole.
#
#     pc1 (DHCP server) -- br0 [gw1] wr0 <== tunnel ==> wr0 [gw2] br0 -- pc2 (DHCP client)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology bridge

up
cat >"$state/udhcpd.conf" <<CONF
start 10.9.0.100
end 10.9.0.110
interface eth0
max_leases 10
lease_file $state/leases
pidfile $state/udhcpd.pid
option subnet 255.255.255.0
option lease 600
CONF
touch "$state/leases"
on pc1 busybox udhcpd -f "$state/udhcpd.conf" >"$state/udhcpd.log" 2>&1 &
background+=($!)
cat >"$state/lease.sh" <<'LEASE'
#!/bin/sh
[ "$1" = bound ] && ip address add "$ip/24" dev "$interface"
exit 0
LEASE
chmod +x "$state/lease.sh"
lease() { on pc2 busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -s "$state/lease.sh"; }
within 15 "pc2 gets a lease from pc1" lease
address=$(on pc2 ip -4 -brief address show eth0 | grep -o '10\.9\.0\.1[01][0-9]')
[ -n "$address" ] || fail "pc2 has no address from the lease"
note "pc2 has $address"

ping_through pc1 "$address"
mac=$(on pc2 cat /sys/class/net/eth0/address)
on pc1 ip neigh show "$address" | grep -q "$mac" || fail "pc1 did not learn pc2's MAC by ARP"
note "ARP across the tunnel gives pc2's own MAC"

mtu=$(on pc1 cat /sys/class/net/eth0/mtu)
for size in 0 1 17 18 19 100 1000 $((mtu - 28 - 1)) $((mtu - 28)); do
  ping_through pc1 "$address" -s "$size" -M "do"
done
transfer tcp pc1 pc2 "$address" 67108864
transfer tcp pc2 pc1 10.9.0.1 67108864
transfer udp pc1 pc2 "$address" 33554432
