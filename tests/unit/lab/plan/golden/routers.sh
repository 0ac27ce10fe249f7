#!/bin/sh
# The network of the lab routers, made with ip(8) and nft(8).
#
#   sh SCRIPT up      makes it, or nothing if a part fails; refuses when a namespace of it exists
#   sh SCRIPT down    removes it, and ends what runs in it
#
# Needs root. Each node is a network namespace: `ip netns exec routers-alice sh` is a shell in one.
# These are the steps of `warren lab plan routers.toml`, in their order. Programs, tunnels, the timeline and
# the impairment of links are not in here: a link that Warren would carry frame by frame is a veth
# pair, and a comment says what would happen to its frames.
set -eu

namespaces='routers-alice
routers-r1
routers-r2
routers-bob'

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
  ip netns add routers-alice
  ip -n routers-alice link set dev lo up
  settings routers-alice \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/disable_ipv6 1
  ip netns add routers-r1
  ip -n routers-r1 link set dev lo up
  settings routers-r1 \
    net/ipv4/ip_forward 1 \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/disable_ipv6 1
  ip netns add routers-r2
  ip -n routers-r2 link set dev lo up
  settings routers-r2 \
    net/ipv4/ip_forward 1 \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/disable_ipv6 1
  ip netns add routers-bob
  ip -n routers-bob link set dev lo up
  settings routers-bob \
    net/ipv4/conf/all/rp_filter 0 \
    net/ipv4/conf/default/rp_filter 0 \
    net/ipv4/tcp_no_metrics_save 1 \
    net/ipv6/conf/default/disable_ipv6 1
  ip -n routers-alice link add name eth0 index 2 address 02:57:00:01:00:00 mtu 1500 type veth \
    peer name eth0 index 3 address 02:57:00:02:00:00 mtu 1500 netns routers-r1
  ip -n routers-r1 link add name east index 4 address 02:57:00:02:00:01 mtu 1280 type veth \
    peer name west index 5 address 02:57:00:03:00:00 mtu 1280 netns routers-r2
  # Wired in Warren: `spare`, here without impairment.
  #   r1 to r2: down
  #   r2 to r1: down
  ip -n routers-r1 link add name spare index 6 address 02:57:00:02:00:02 mtu 1500 type veth \
    peer name spare index 7 address 02:57:00:03:00:01 mtu 1500 netns routers-r2
  ip -n routers-r2 link add name eth0 index 8 address 02:57:00:03:00:02 mtu 1500 type veth \
    peer name eth0 index 9 address 02:57:00:04:00:00 mtu 1500 netns routers-bob
  ip -n routers-alice address add 10.0.0.1/24 dev eth0
  ip -n routers-alice link set dev eth0 up
  ip -n routers-r1 address add 10.0.0.2/24 dev eth0
  ip -n routers-r1 link set dev eth0 up
  ip -n routers-r1 address add 10.0.1.1/24 dev east
  ip -n routers-r1 link set dev east up
  ip -n routers-r1 address add 10.0.2.1/24 dev spare
  ip -n routers-r1 link set dev spare up
  ip -n routers-r2 address add 10.0.1.2/24 dev west
  ip -n routers-r2 link set dev west up
  ip -n routers-r2 address add 10.0.2.2/24 dev spare
  ip -n routers-r2 link set dev spare up
  ip -n routers-r2 address add 10.0.3.1/24 dev eth0
  ip -n routers-r2 link set dev eth0 up
  ip -n routers-bob address add 10.0.3.2/24 dev eth0
  ip -n routers-bob link set dev eth0 up
  ip -n routers-alice route add 10.0.1.0/24 via 10.0.0.2 dev eth0 proto static
  ip -n routers-alice route add 10.0.2.0/24 via 10.0.0.2 dev eth0 proto static
  ip -n routers-alice route add 10.0.3.0/24 via 10.0.0.2 dev eth0 proto static
  ip -n routers-r1 route add 10.99.0.0/24 via 10.0.1.2 dev east proto static metric 50
  ip -n routers-r1 route add 10.0.3.0/24 via 10.0.1.2 dev east proto static
  ip -n routers-r2 route add 10.0.0.0/24 via 10.0.1.1 dev west proto static
  ip -n routers-bob route add 10.0.0.0/24 via 10.0.3.1 dev eth0 proto static
  ip -n routers-bob route add 10.0.1.0/24 via 10.0.3.1 dev eth0 proto static
  ip -n routers-bob route add 10.0.2.0/24 via 10.0.3.1 dev eth0 proto static
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
