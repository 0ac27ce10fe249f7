#!/bin/sh
# The network of the lab mesh, made with ip(8) and nft(8).
#
#   sh SCRIPT up      makes it, or nothing if a part fails; refuses when a namespace of it exists
#   sh SCRIPT down    removes it, and ends what runs in it
#
# Needs root. Each node is a network namespace: `ip netns exec mesh-core sh` is a shell in one.
# These are the steps of `warren lab plan mesh.toml`, in their order. Programs, tunnels, the timeline and
# the impairment of links are not in here: a link that Warren would carry frame by frame is a veth
# pair, and a comment says what would happen to its frames.
set -eu

namespaces='mesh-core
mesh-a
mesh-b
mesh-c'

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
  ip netns add mesh-core
  ip -n mesh-core link set dev lo up
  settings mesh-core \
    net/ipv6/conf/default/disable_ipv6 1
  ip netns add mesh-a
  ip -n mesh-a link set dev lo up
  settings mesh-a \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/accept_dad 0 \
    net/ipv6/conf/default/accept_ra 0 \
    net/ipv6/conf/default/router_solicitations 0
  ip netns add mesh-b
  ip -n mesh-b link set dev lo up
  settings mesh-b \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/accept_dad 0 \
    net/ipv6/conf/default/accept_ra 0 \
    net/ipv6/conf/default/router_solicitations 0
  ip netns add mesh-c
  ip -n mesh-c link set dev lo up
  settings mesh-c \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/accept_dad 0 \
    net/ipv6/conf/default/accept_ra 0 \
    net/ipv6/conf/default/router_solicitations 0
  ip -n mesh-core link add name br0 index 2 type bridge stp_state 0 mcast_snooping 0
  ip -n mesh-core link set dev br0 up
  ip -n mesh-a link add name eth0 index 3 address 02:57:00:02:00:00 mtu 1500 type veth \
    peer name eth0 index 4 address 02:57:00:01:00:00 mtu 1500 netns mesh-core
  ip -n mesh-b link add name eth0 index 5 address 02:57:00:03:00:00 mtu 1500 type veth \
    peer name eth1 index 6 address 02:57:00:01:00:01 mtu 1500 netns mesh-core
  ip -n mesh-c link add name eth0 index 7 address 02:57:00:04:00:00 mtu 1500 type veth \
    peer name eth2 index 8 address 02:57:00:01:00:02 mtu 1500 netns mesh-core
  ip -n mesh-core link set dev eth0 master br0
  ip -n mesh-core link set dev eth0 up
  ip -n mesh-core link set dev eth1 master br0
  ip -n mesh-core link set dev eth1 up
  ip -n mesh-core link set dev eth2 master br0
  ip -n mesh-core link set dev eth2 up
  ip -n mesh-a address add 10.0.0.1/24 dev eth0
  ip -n mesh-a link set dev eth0 up
  ip -n mesh-b address add 10.0.0.2/24 dev eth0
  ip -n mesh-b link set dev eth0 up
  ip -n mesh-c address add 10.0.0.3/24 dev eth0
  ip -n mesh-c link set dev eth0 up
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
