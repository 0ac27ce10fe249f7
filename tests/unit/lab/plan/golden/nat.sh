#!/bin/sh
# The network of the lab nat, made with ip(8) and nft(8).
#
#   sh SCRIPT up      makes it, or nothing if a part fails; refuses when a namespace of it exists
#   sh SCRIPT down    removes it, and ends what runs in it
#
# Needs root. Each node is a network namespace: `ip netns exec nat-alice sh` is a shell in one.
# These are the steps of `warren lab plan nat.toml`, in their order. Programs, tunnels, the timeline and
# the impairment of links are not in here: a link that Warren would carry frame by frame is a veth
# pair, and a comment says what would happen to its frames.
set -eu

namespaces='nat-alice
nat-gate
nat-bob'

# settings NAMESPACE [FILE VALUE]...: files below /proc/sys, as the namespace sees them.
settings() {
  namespace=$1
  shift
  # shellcheck disable=SC2016  # the inner shell expands it
  ip netns exec "$namespace" sh -euc '
    while [ $# -ge 2 ]; do
      case $1 in
        net/ipv6/*/disable_ipv6) [ -e "/proc/sys/$1" ] || { shift 2; continue; } ;;
      esac
      printf "%s\n" "$2" >"/proc/sys/$1"
      shift 2
    done' settings "$@"
}

make() {
  ip netns add nat-alice
  ip -n nat-alice link set dev lo up
  settings nat-alice \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/disable_ipv6 1
  ip netns add nat-gate
  ip -n nat-gate link set dev lo up
  settings nat-gate \
    net/ipv4/ip_forward 1 \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/disable_ipv6 1
  ip netns add nat-bob
  ip -n nat-bob link set dev lo up
  settings nat-bob \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/disable_ipv6 1
  ip -n nat-alice link add name eth0 index 2 address 02:57:00:01:00:00 mtu 1500 type veth \
    peer name lan index 3 address 02:57:00:02:00:00 mtu 1500 netns nat-gate
  # Wired in Warren: `wan`, here without impairment.
  #   gate to bob: 35 ms ± 8 ms normal, gilbert loss 1%/30%, 5 Mbit/s
  #   bob to gate: 35 ms, 20 Mbit/s
  ip -n nat-gate link add name wan index 4 address 02:57:00:02:00:01 mtu 1500 type veth \
    peer name eth0 index 5 address 02:57:00:03:00:00 mtu 1500 netns nat-bob
  ip -n nat-alice address add 10.0.0.1/24 dev eth0
  ip -n nat-alice link set dev eth0 up
  ip -n nat-gate address add 10.0.0.2/24 dev lan
  ip -n nat-gate link set dev lan up
  ip -n nat-gate address add 10.0.1.1/24 dev wan
  ip -n nat-gate link set dev wan up
  ip -n nat-bob address add 10.0.1.2/24 dev eth0
  ip -n nat-bob link set dev eth0 up
  ip -n nat-alice route add 0.0.0.0/0 via 10.0.0.2 dev eth0 proto static
  ip netns exec nat-gate nft -f - <<'RULES'
table inet warren {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade
  }
}
RULES
}

down() {
  for name in $namespaces; do
    [ -e "/run/netns/$name" ] || continue
    for pid in $(ip netns pids "$name"); do kill "$pid" 2>/dev/null || true; done
    ip netns delete "$name"
  done
}

up() {
  for name in $namespaces; do
    if [ -e "/run/netns/$name" ]; then
      printf '%s: the namespace %s exists already: is the lab up? "%s down" removes it\n' \
        "$0" "$name" "$0" >&2
      exit 1
    fi
  done
  trap down EXIT
  trap 'exit 1' HUP INT TERM
  make
  trap - EXIT HUP INT TERM
}

case "${1-}" in
  up) up ;;
  down) down ;;
  *) printf 'usage: %s up|down\n' "$0" >&2; exit 2 ;;
esac
