#!/usr/bin/env bash
# Corner cases of the tunnel's MTU: the smallest of IPv6, one that is no multiple of 16, the usual one,
# a jumbo frame, and the largest: a packet of exactly the MTU passes unfragmented, TCP fills it, and the
# sender of what cannot fit into a datagram is told so: TCP goes on with smaller segments.
#
# wireguard-go sends no segmented datagrams larger than the underlay's MTU and does not fall back, so
# with it the underlay grows with the tunnel. Between two Warrens it stays at 1500 and the datagrams are
# fragmented: so in the lab of this name, tests/lab/labs/mtu.toml, which ctest runs for that pair.
#
#     alice (IMPL_alice)  <== tunnel, MTU M on both ends ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop
export IMPL_alice="${IMPL_alice:-warren}" IMPL_bob="${IMPL_bob:-wireguard-go}"

# What is too big for a datagram: dropped, counted, and answered unless it may be fragmented.
too_big() {
  [ "$IMPL_alice" = warren ] || return 0
  [ "$(drops alice out_too_big)" -gt 0 ] || fail "TCP sent no segment that is too big"
  # What TCP was told is forgotten, or the kernel itself would answer.
  on alice ip route flush cache
  on alice ip -6 route flush cache
  expect_too_big 0 "" 10.8.0.2 -M "dont" -s $((65535 - 28))
  expect_too_big 1 "From 10.8.0.2 .*Frag needed and DF set (mtu = 65472)" 10.8.0.2 -M "do" -s $((65535 - 28))
  expect_too_big 1 "From fd08::2 .*Packet too big: mtu=65472" fd08::2 -M "do" -s $((65535 - 48))
}

# expect_too_big ERRORS PATTERN PING-ARGUMENTS...: one drop of alice's, and so many errors of this text.
expect_too_big() {
  local errors=$1 pattern=$2 before output
  shift 2
  before=$(drops alice out_too_big)
  output=$(on alice ping -c 1 -W 1 "$@") && fail "a packet that cannot fit arrived: ping $*"
  [ "$(drops alice out_too_big)" -eq $((before + 1)) ] || fail "not one drop was counted: ping $*"
  [ "$(grep -c "^From" <<<"$output")" -eq "$errors" ] || fail "not $errors error: ping $*: $output"
  grep -q "$pattern" <<<"$output" || fail "another error: ping $*: $output"
  note "ping $* is too big, with errors: $errors"
}

# At the largest MTU by both families. wireguard-go sends no error about what is too big for a datagram, so the
# TCP behind it does not learn to make smaller segments: at 65535 only Warren's sender can be served.
tcp_both_ways() {
  if [ "$mtu" -lt 65535 ] || [ "$IMPL_alice" = warren ]; then
    transfer tcp alice bob 10.8.0.2 16777216
    [ "$mtu" -lt 65535 ] || transfer tcp alice bob fd08::2 16777216
  fi
  if [ "$mtu" -lt 65535 ] || [ "$IMPL_bob" = warren ]; then
    transfer tcp bob alice fd08::1 16777216
    [ "$mtu" -lt 65535 ] || transfer tcp bob alice 10.8.0.1 16777216
  fi
}

for mtu in 1280 1299 1420 9000 65535; do
  export MTU_alice=$mtu MTU_bob=$mtu
  export UNDERLAY_MTU=1500
  case "$IMPL_alice $IMPL_bob" in
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
  tcp_both_ways
  if [ "$mtu" = 65535 ]; then too_big; fi
  "$script" down
done
