#!/usr/bin/env bash
# What happens to a tunnel in its life: the interface goes down and up, its MTU changes, the network
# becomes unreachable, its port is taken, a reload, a second start, the interface is deleted, SIGTERM.
# Nothing crashes or spins, and each refusal names its reason.
#
#     alice  <== tunnel ==>  bob
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts

# cpu_ms HOST: CPU time of its warren so far.
cpu_ms() { awk '{printf "%d", $1 / 1e6}' "/proc/$(cat "$state/$1.wr0.pid")/schedstat"; }
# does_not_spin HOST WHAT: below 5% of a core over a second.
does_not_spin() {
  local before
  before=$(cpu_ms "$1")
  sleep 1
  [ $(($(cpu_ms "$1") - before)) -lt 50 ] || fail "$1 spins: $2 ($(($(cpu_ms "$1") - before)) ms in 1 s)"
  note "$1 is calm: $2"
}

up
ping_through alice 10.8.0.2

on alice ip link set dev wr0 down
does_not_spin alice "interface down"
if answers alice 10.8.0.2 >/dev/null 2>&1; then fail "an interface that is down answers"; fi
on alice ip link set dev wr0 up
on alice ip route replace 10.8.0.2/32 dev wr0
within 10 "works after down and up" answers alice 10.8.0.2

for mtu in 1280 1500 1420; do
  on alice ip link set dev wr0 mtu $mtu
  ping_through alice 10.8.0.2 -M "do" -s $((mtu - 28))
done

on alice ip link set dev eth0 down
on alice ping -q -c 20 -i 0.01 -W 1 10.8.0.2 >/dev/null 2>&1 || true
does_not_spin alice "network unreachable"
[ "$(drops alice out_send_failed)" -gt 0 ] || fail "sends that failed are not counted"
on alice ip link set dev eth0 up
within 20 "works after the network is back" answers alice 10.8.0.2

# A second one with the same name or port is refused, with the reason and the remedy.
if on alice "$WARREN" up "$state/alice.wr0.toml" >"$state/second.out" 2>&1; then fail "wr0 was created twice"; fi
grep -q 'wr0' "$state/second.out" || fail "the refusal does not name wr0: $(cat "$state/second.out")"
note "a second wr0 is refused: $(head -n 1 "$state/second.out")"
sed 's/name = "wr0"/name = "wr1"/; /^address/d' "$state/alice.wr0.toml" >"$state/other.toml"
chmod 600 "$state/other.toml"
status=0
on alice "$WARREN" up "$state/other.toml" >"$state/port.out" 2>&1 || status=$?
[ $status -eq 3 ] || fail "a taken port gives status $status: $(cat "$state/port.out")"
grep -q '51820' "$state/port.out" || fail "the message does not name the port: $(cat "$state/port.out")"
note "a taken port is refused: $(head -n 1 "$state/port.out")"
on alice ip link show wr1 >/dev/null 2>&1 && fail "wr1 was left behind"

# Reload: a broken file changes nothing; a good one is applied without a new handshake.
ping_through alice 10.8.0.2
handshake=$(wg_field alice latest-handshakes)
cp "$state/alice.wr0.toml" "$state/good.toml"
echo 'nonsense = 1' >>"$state/alice.wr0.toml"
if on alice "$WARREN" reload wr0 >"$state/reload.out" 2>&1; then fail "a broken file was accepted"; fi
grep -q 'nonsense' "$state/reload.out" || fail "reload does not say what is wrong: $(cat "$state/reload.out")"
ping_through alice 10.8.0.2
cp "$state/good.toml" "$state/alice.wr0.toml"
sed -i 's|^allowed_ips.*|allowed_ips = ["10.8.0.2/32", "10.77.0.0/16"]\npersistent_keepalive = 7|' "$state/alice.wr0.toml"
on alice "$WARREN" reload wr0
on alice wg show wr0 allowed-ips | grep -q '10.77.0.0/16' || fail "reload did not apply allowed_ips"
[ "$(wg_field alice persistent-keepalive)" = 7 ] || fail "reload did not apply persistent_keepalive"
on alice ip route show 10.77.0.0/16 | grep -q wr0 || fail "reload did not add the route"
ping_through alice 10.8.0.2
[ "$(wg_field alice latest-handshakes)" = "$handshake" ] || fail "reload cost a handshake"
note "reload applies changes and keeps the session"
kill -HUP "$(cat "$state/alice.wr0.pid")"
sleep 0.2
ping_through alice 10.8.0.2

# The interface is deleted under it: it ends, says so, and leaves its sockets to nobody.
on alice ip link delete wr0
pid=$(cat "$state/alice.wr0.pid")
gone() { process_ended "$pid"; }
within 5 "warren ends when its interface is deleted" gone
on alice sh -c 'ls /run/warren/wr0.sock /run/wireguard/wr0.sock' >/dev/null 2>&1 && fail "a socket was left behind"
tail -n 3 "$state/alice.wr0.log" | grep -qi 'wr0' || fail "no message: $(tail -n 3 "$state/alice.wr0.log")"
start alice
within 10 "started again under the same name" answers alice 10.8.0.2

# SIGTERM ends it cleanly; so does `down`.
pid=$(cat "$state/alice.wr0.pid")
kill -TERM "$pid"
within 2 "SIGTERM ends it" gone
on alice ip link show wr0 >/dev/null 2>&1 && fail "wr0 is left after SIGTERM"
on alice sh -c 'ls /run/warren/wr0.sock /run/wireguard/wr0.sock' >/dev/null 2>&1 && fail "a socket is left after SIGTERM"
start alice
pid=$(cat "$state/alice.wr0.pid")
on alice "$WARREN" down wr0
within 2 "down ends it" gone
