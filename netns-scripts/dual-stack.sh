#!/usr/bin/env bash
# One tunnel over an IPv4 underlay and one over IPv6, between the same two hosts, both families inside.
#
#     alice                                       bob
#     eth0 192.0.2.1/24    <--- veth --->   eth0 192.0.2.2/24
#          2001:db8::1/64                        2001:db8::2/64
#     wr4  10.4.0.1/24     <== over v4 ==>  wr4  10.4.0.2/24
#          fd04::1/64                            fd04::2/64
#     wr6  10.6.0.1/24     <== over v6 ==>  wr6  10.6.0.2/24
#          fd06::1/64                            fd06::2/64
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topology_up() {
  local f host other self
  hosts alice bob
  link alice eth0 192.0.2.1/24,2001:db8::1/64 bob eth0 192.0.2.2/24,2001:db8::2/64
  for f in 4 6; do
    for host in alice bob; do
      if [ $host = alice ]; then self=1 other=2; else self=2 other=1; fi
      tunnel $host wr$f "10.$f.0.$self/24,fd0$f::$self/64" listen_port=5182$f
    done
    local alice_at=192.0.2.1 bob_at=192.0.2.2
    if [ $f = 6 ]; then alice_at='[2001:db8::1]' bob_at='[2001:db8::2]'; fi
    peer alice wr$f bob "10.$f.0.2/32,fd0$f::2/128" "endpoint=$bob_at:5182$f"
    peer bob wr$f alice "10.$f.0.1/32,fd0$f::1/128" "endpoint=$alice_at:5182$f"
    start alice wr$f
    start bob wr$f
  done
  : "$other"
}

main "$@"
