#!/usr/bin/env bash
# The address of a peer changes under traffic, and the tunnel follows.
#
#     alice eth0 192.0.2.1/24  ----+
#           (then 198.51.100.1/24) |  core (router)
#                                  +-- alice 192.0.2.254, 198.51.100.254
#     bob   eth0 203.0.113.2/24 ------ bob 203.0.113.254
#
#     wr0 10.8.0.1/24 (alice)  <== tunnel ==>  wr0 10.8.0.2/24 (bob)
#
# `roaming.sh roam` moves alice to her other address, and back at the next call.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topology_up() {
  hosts alice core bob
  link alice eth0 192.0.2.1/24 core alice 192.0.2.254/24,198.51.100.254/24
  link bob eth0 203.0.113.2/24 core bob 203.0.113.254/24
  forward core
  on alice ip route add default via 192.0.2.254
  on bob ip route add default via 203.0.113.254
  tunnel alice wr0 10.8.0.1/24 listen_port=51820
  peer alice wr0 bob 10.8.0.2/32 endpoint=203.0.113.2:51820
  tunnel bob wr0 10.8.0.2/24 listen_port=51820
  peer bob wr0 alice 10.8.0.1/32
  start bob wr0
  start alice wr0
}

verb_roam() {
  local to=198.51.100
  if on alice ip -brief address show eth0 | grep -q 198.51.100.1; then to=192.0.2; fi
  on alice ip -4 address flush dev eth0
  on alice ip address add "$to.1/24" dev eth0
  on alice ip route replace default via "$to.254"
  say "alice is at $to.1 now"
}

extra_usage=' | roam' main "$@"
