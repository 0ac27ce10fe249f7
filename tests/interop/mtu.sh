#!/usr/bin/env bash
# Corner cases of the tunnel's MTU: the smallest of IPv6, one that is no multiple of 16, the usual one,
# a jumbo frame, and the largest: a packet of exactly the MTU passes unfragmented, TCP fills it, and what
# cannot fit into a datagram is dropped and counted.
#
# wireguard-go sends no segmented datagrams larger than the underlay's MTU and does not fall back, so
# with it the underlay grows with the tunnel; between two Warrens it stays at 1500 and the datagrams are
# fragmented.
#
#     alice (IMPL_alice)  <== tunnel, MTU M on both ends ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

for mtu in 1280 1299 1420 9000 65535; do
  export MTU_alice=$mtu MTU_bob=$mtu
  export UNDERLAY_MTU=1500
  case "${IMPL_alice:-} ${IMPL_bob:-}" in
    *wireguard-go*) [ "$mtu" -le 1420 ] || UNDERLAY_MTU=65535 ;;
  esac
  note "MTU $mtu over $UNDERLAY_MTU"
  up
  # What fits into one UDP datagram: 65507 - 32 bytes of framing, and whole 16-byte blocks below that.
  largest=$((mtu < 65472 ? mtu : 65472))
  ping_through alice 10.8.0.2 -M "do" -s $((largest - 28))
  ping_through bob fd08::1 -M "do" -s $((largest - 48))
  ping_through alice 10.8.0.2 -M "do" -s $((largest - 28 - 15))
  ping_through bob 10.8.0.1 -M "do" -s 0
  transfer tcp alice bob 10.8.0.2 16777216
  transfer tcp bob alice fd08::1 16777216
  if [ "$mtu" = 65535 ] && [ "${IMPL_alice:-warren}" = warren ]; then
    before=$(drops alice out_too_big)
    on alice ping -q -c 1 -W 1 -M "do" -s $((65535 - 28)) 10.8.0.2 >/dev/null && fail "a packet that cannot fit arrived"
    [ "$(drops alice out_too_big)" -gt "$before" ] || fail "the oversized packet was not counted"
    note "a packet too big for a datagram is counted"
  fi
  "$script" down
done
