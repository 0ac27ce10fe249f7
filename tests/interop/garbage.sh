#!/usr/bin/env bash
# A host on the underlay floods both ends with garbage: empty, short, random, truncated and oversized
# datagrams, and handshakes with wrong MACs. The tunnel goes on, and Warren counts what it refused.
#
#     alice (IMPL_alice)  <== tunnel ==>  bob (IMPL_bob), and bob's host floods alice
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

flood() { # FROM ADDRESS
  on "$1" timeout 20 python3 - "$2" <<'PYTHON'
import os, random, socket, sys, time
rng = random.Random(1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sizes = [0, 1, 3, 4, 15, 16, 31, 32, 33, 64, 91, 92, 93, 147, 148, 149, 1500, 9000, 65507]
sent, end = 0, time.monotonic() + 4
while time.monotonic() < end and sent < 200000:
    size = rng.choice(sizes)
    data = bytearray(os.urandom(size))
    if size >= 4 and rng.random() < 0.8:
        data[0:4] = bytes([rng.choice([1, 2, 3, 4, 5, 255]), 0, 0, 0])
    s.sendto(data, (sys.argv[1], 51820))
    sent += 1
print(f"- sent {sent} datagrams of garbage to {sys.argv[1]}")
PYTHON
}

up
ping_through alice 10.8.0.2
flood bob 192.0.2.1 &
background+=($!)
one=$!
flood alice 192.0.2.2 &
background+=($!)
two=$!
sleep 0.5
on alice ping -q -c 100 -i 0.02 -W 2 10.8.0.2 >"$state/flood-ping.out" || true
received=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$state/flood-ping.out")
wait $one $two
note "$received of 100 pings answered under the flood"
[ "$received" -ge 80 ] || fail "only $received of 100 pings answered under the flood"
ping_through alice 10.8.0.2
ping_through bob 10.8.0.1
transfer tcp bob alice 10.8.0.1 16777216
warren_host=alice
[ "${IMPL_alice:-warren}" = warren ] || warren_host=bob
for reason in in_too_short in_unknown_type in_bad_length in_unknown_index in_handshake; do
  [ "$(drops $warren_host $reason)" -gt 0 ] || fail "$warren_host did not count $reason"
done
note "$warren_host counted each kind of garbage"
