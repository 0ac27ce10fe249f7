#!/usr/bin/env bash
# Fragments inside the tunnel, datagrams that are fragmented outside it, and empty UDP payloads.
#
#     alice (IMPL_alice)  <== tunnel, underlay 1500, then 1280 ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

up
ping_through alice 10.8.0.2 -s 1372
ping_through alice 10.8.0.2 -s 4000
ping_through bob 10.8.0.1 -s 20000
ping_through bob fd08::1 -s 9999

# Empty payloads: each must arrive, as itself.
on bob timeout 20 python3 - >"$state/empty.out" <<'PYTHON' &
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.8.0.2", 7002))
s.settimeout(15)
print([len(s.recvfrom(100)[0]) for _ in range(20)])
PYTHON
receiver=$!
background+=("$receiver")
within 5 "the receiver of empty datagrams listens" sh -c "'$script' exec bob ss -Hlnu sport = :7002 | grep -q ."
on alice python3 - <<'PYTHON'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(20):
    s.sendto(b"" if i % 2 else b"x", ("10.8.0.2", 7002))
PYTHON
wait $receiver || fail "empty datagrams did not arrive"
lengths=$(cat "$state/empty.out")
# wireguard-go joins the datagrams of one length when they come together, and so changes their order.
[ "${IMPL_bob:-}" = warren ] || lengths=$(python3 -c "print(sorted($lengths, reverse=True)[::10])")
case $lengths in
  "[1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]" | "[1, 0]") ;;
  *) fail "lengths that arrived: $(cat "$state/empty.out")" ;;
esac
note "empty UDP payloads arrive"

# Outer fragments: the underlay takes less than the tunnel's datagrams need.
on alice ip link set dev eth0 mtu 1280
on bob ip link set dev eth0 mtu 1280
ping_through alice 10.8.0.2 -s 1392 -M "do"
ping_through bob fd08::1 -s 1372 -M "do"
# wireguard-go does not fall back from segmented datagrams that exceed the MTU, so alice sends.
transfer tcp alice bob 10.8.0.2 16777216
transfer udp alice bob 10.8.0.2 16777216
