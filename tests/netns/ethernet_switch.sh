#!/usr/bin/env bash
# Over TAP, several peers are a learning switch. The hub forwards between spokes only when it is told to
# (split horizon otherwise), unicast goes to its owner alone, and a broadcast never comes back.
#
#     spoke1, spoke2, spoke3 -- hub (kind = tap): one Ethernet 10.8.0.0/24
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology hub-and-spoke
export KIND=tap

note "split horizon"
up
for i in 1 2 3; do within 5 "spoke$i reaches the hub" answers "spoke$i" 10.8.0.1; done
if answers spoke1 10.8.0.12 >/dev/null; then fail "without hub = true, spoke1 reaches spoke2"; fi
note "spokes do not reach each other"
"$script" down

note "hub = true"
export HUB=true
up
within 5 "spoke1 reaches spoke2" answers spoke1 10.8.0.12
within 5 "spoke3 reaches spoke1" answers spoke3 10.8.0.11
within 5 "spoke2 reaches spoke3" answers spoke2 10.8.0.13

# What spoke3 sees while spoke1 and spoke2 talk: nothing of it. What spoke1 sees of its own broadcasts:
# nothing.
on spoke3 tcpdump -nni wr0 -c 1 'icmp and host 10.8.0.12' >"$state/spoke3.txt" 2>"$state/capture3.log" &
background+=($!)
spoke1_mac=$(on spoke1 cat /sys/class/net/wr0/address)
on spoke1 tcpdump -nni wr0 -Q in "ether src $spoke1_mac" >"$state/spoke1.txt" 2>"$state/capture1.log" &
background+=($!)
within 5 "captures run" grep -q listening "$state/capture3.log"
within 5 "captures run" grep -q listening "$state/capture1.log"
ping_through spoke1 10.8.0.12
on spoke1 arping -q -c 3 -w 3 -I wr0 10.8.0.99 && fail "10.8.0.99 answered"
sleep 0.3
[ ! -s "$state/spoke3.txt" ] || fail "spoke3 saw unicast of others: $(cat "$state/spoke3.txt")"
[ ! -s "$state/spoke1.txt" ] || fail "spoke1 got its own frames back: $(cat "$state/spoke1.txt")"
note "unicast stays with its owner, and broadcasts do not return"
transfer tcp spoke1 spoke2 10.8.0.12 33554432

# The MAC moves with its host.
on spoke3 ip link set dev wr0 down
on spoke3 ip link set dev wr0 address "$spoke1_mac"
on spoke1 ip link set dev wr0 down
on spoke3 ip link set dev wr0 up
on spoke3 ip address add 10.8.0.11/24 dev wr0
on spoke3 arping -q -U -c 2 -w 2 -I wr0 10.8.0.11 || true
within 5 "spoke2 finds 10.8.0.11 at spoke3" answers spoke2 10.8.0.11
