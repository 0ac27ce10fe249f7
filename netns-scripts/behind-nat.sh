#!/usr/bin/env bash
# A peer behind NAT keeps its mapping open with a persistent keepalive.
#
#     inside                   nat                         outside
#     eth0 10.1.0.2/24  <-->  lan 10.1.0.1/24
#                             wan 192.0.2.1/24  <-->  eth0 192.0.2.2/24
#     wr0 10.8.0.1/24  <=========== tunnel ===========>  wr0 10.8.0.2/24
#
# The NAT forgets idle UDP mappings after NAT_TIMEOUT seconds (default 10); KEEPALIVE (default 3) is
# inside's persistent keepalive. Only inside knows an endpoint.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topology_up() {
  hosts inside nat outside
  link inside eth0 10.1.0.2/24 nat lan 10.1.0.1/24
  link nat wan 192.0.2.1/24 outside eth0 192.0.2.2/24
  on inside ip route add default via 10.1.0.1
  forward nat
  on nat iptables -t nat -A POSTROUTING -o wan -j MASQUERADE --random
  on nat iptables -A FORWARD -i wan -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP
  on nat sysctl -qw net.netfilter.nf_conntrack_udp_timeout="${NAT_TIMEOUT:-10}" \
    net.netfilter.nf_conntrack_udp_timeout_stream="${NAT_TIMEOUT:-10}"
  tunnel inside wr0 10.8.0.1/24
  peer inside wr0 outside 10.8.0.2/32 endpoint=192.0.2.2:51820 "persistent_keepalive=${KEEPALIVE:-3}"
  tunnel outside wr0 10.8.0.2/24 listen_port=51820
  peer outside wr0 inside 10.8.0.1/32
  start outside wr0
  start inside wr0
}

# remap: the NAT gives every mapping a new port, as when it restarts.
verb_remap() {
  on nat iptables -t nat -F POSTROUTING
  on nat iptables -t nat -A POSTROUTING -o wan -p udp -j MASQUERADE --to-ports "${1:-40000-40100}"
  on nat conntrack -F 2>/dev/null || say "conntrack is not installed: the old mapping ends by its timeout"
}

extra_usage=' | remap [PORTS]' main "$@"
