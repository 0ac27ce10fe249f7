#!/usr/bin/env bash
# A reload that the kernel refuses halfway changes nothing: addresses, MTU, routes, rules, port, keys and
# peers stay as they are, sessions and the endpoints that were learned included. The next one that can
# be applied is applied whole.
#
#     alice  <== tunnel ==>  bob
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts

up
file=$state/alice.wr0.toml
cp "$file" "$state/good.toml"
(umask 077; wg genkey >"$state/other.key"; wg genkey >"$state/carol.key"; wg genpsk >"$state/psk")

# What alice has learned and no file says: bob's port.
on bob wg set wr0 listen-port 51999
ping_through bob 10.8.0.1
ping_through alice 10.8.0.2
on alice wg show wr0 endpoints | grep -q '192.0.2.2:51999' || fail "alice has not learned bob's port"

everything() {
  on alice wg showconf wr0
  on alice wg show wr0 latest-handshakes
  on alice ip -brief address show wr0
  on alice ip link show wr0 | grep -o 'mtu [0-9]*'
  on alice ip route show dev wr0
  on alice ip -6 route show dev wr0
  on alice ip rule
  on alice ip -6 rule
}

# Writes a file in which everything differs, changed further by sed's commands in $1.
write_change() {
  sed -e '/^private_key_file/c private_key_file = "other.key"' \
    -e '/^address/c address = ["10.8.0.11/24", "10.9.0.1/24", "fd09::1/64"]' \
    -e '/^listen_port/c listen_port = 51900\nfwmark = 7\nmtu = 1340' \
    -e '/^allowed_ips/c allowed_ips = ["10.8.0.2/32", "10.66.0.0/16", "fd09::2/128"]\npersistent_keepalive = 17\npreshared_key_file = "psk"' \
    -e 's|^endpoint.*|endpoint = "192.0.2.77:51820"|' "$state/good.toml" >"$file"
  printf '\n[[peer]]\nname = "carol"\npublic_key = "%s"\nallowed_ips = ["10.77.0.0/16"]\n' "$(wg pubkey <"$state/carol.key")" >>"$file"
  [ $# -eq 0 ] || sed -i "$1" "$file"
}

refused() { # WHAT MESSAGE
  local status=0
  everything >"$state/before"
  on alice "$WARREN" reload wr0 >"$state/reload.out" 2>&1 || status=$?
  [ $status -ne 0 ] || fail "$1: the reload succeeds"
  grep -qE "$2" "$state/reload.out" || fail "$1: the message does not say so: $(cat "$state/reload.out")"
  everything >"$state/after"
  diff "$state/before" "$state/after" >&2 || fail "$1: something has changed"
  ping_through alice 10.8.0.2
  everything | diff "$state/before" - >&2 || fail "$1: something has changed once packets flowed"
  grep -q 'going back' "$state/alice.wr0.log" && fail "$1: going back failed"
  note "$1: $(head -n 1 "$state/reload.out")"
}

# The first thing that can fail.
"$script" exec alice python3 -c 'import signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 51900))
signal.pause()' &
taken=$!
background+=("$taken")
within 5 "somebody else takes the port" sh -c "'$script' exec alice ss -Hlun sport = :51900 | grep -q ."
write_change
refused "a port that is taken" '51900.*in use'
kill "$taken"
wait "$taken" || true

# After the port: an address.
on alice sysctl -qw net.ipv6.conf.wr0.disable_ipv6=1
refused "an address of a family that is switched off" 'fd09::1/64'
on alice sysctl -qw net.ipv6.conf.wr0.disable_ipv6=0
on alice ip address add fd08::1/64 dev wr0 nodad

# The last thing that can fail: everything else could have been applied before it.
on alice ip route add 10.77.0.0/16 dev eth0
refused "a network that is routed elsewhere" '10\.77\.0\.0/16'
# The same where a peer goes and another one takes its network over.
write_change "s|$(cat "$state/bob.wr0.pub")|$(wg genkey | wg pubkey)|"
grep -qF "$(cat "$state/bob.wr0.pub")" "$file" && fail "bob is in the file still"
refused "the same, with a peer that is replaced" '10\.77\.0\.0/16'
# And where it is a default route that comes first, with its rules and mark.
write_change 's|"10.66.0.0/16"|"0.0.0.0/0"|; /^fwmark/d'
refused "the same, with a default route" '10\.77\.0\.0/16'
on alice ip route del 10.77.0.0/16 dev eth0

# A route that is needed only once a peer with a wider network has gone: bob's network lies in carol's.
write_pair() {
  sed -e 's|^allowed_ips = \["|&10.77.0.0/16", "|' "$state/good.toml" >"$file"
  printf '\n[[peer]]\nname = "carol"\npublic_key = "%s"\nallowed_ips = ["10.64.0.0/10"]\n' "$(wg pubkey <"$state/carol.key")" >>"$file"
}
write_bob_alone() {
  sed -e 's|^allowed_ips = \["|&10.77.0.0/16", "|; /^private_key_file/c private_key_file = "other.key"' \
    -e '/^allowed_ips/a preshared_key_file = "psk"\npersistent_keepalive = 17' "$state/good.toml" >"$file"
}
write_pair
on alice "$WARREN" reload wr0 || fail "two peers, one's network in the other's"
on alice ip route add 10.77.0.0/16 dev eth0
write_bob_alone
refused "a network that is not covered any more, and routed elsewhere" '10\.77\.0\.0/16'
on alice ip route show dev wr0 | grep -q '^10\.64\.0\.0/10' || fail "the wider route has gone"
on alice ip route del 10.77.0.0/16 dev eth0
on alice "$WARREN" reload wr0 || fail "the same with nothing in the way"
everything >"$state/after"
for wanted in "PrivateKey = $(cat "$state/other.key")" "PresharedKey = $(cat "$state/psk")" 'PersistentKeepalive = 17' '^10\.77\.0\.0/16'; do
  grep -q "$wanted" "$state/after" || fail "not applied: $wanted: $(cat "$state/after")"
done
grep -q '^10\.64\.0\.0/10' "$state/after" && fail "the route of the peer that went stayed"

# What nobody can know before it is too late: the subnet's own route goes with the address, and behind it
# is somebody else's. The rest is in force, the message says what is missing, and the next reload
# compares with what is in force.
write_pair
sed -i -e '/^address/s|\]$|, "10.9.0.1/24"]|' -e 's|"10.77.0.0/16"|"10.9.0.0/24"|' "$file"
on alice "$WARREN" reload wr0 || fail "a network that is an own subnet"
on alice ip route append 10.9.0.0/24 dev eth0
write_bob_alone
sed -i 's|"10.77.0.0/16"|"10.9.0.0/24"|' "$file"
on alice "$WARREN" reload wr0 >"$state/reload.out" 2>&1 && fail "a route that was not added is not told of"
grep -q 'in force, but not all of it.*10\.9\.0\.0/24' "$state/reload.out" || fail "the message does not say so: $(cat "$state/reload.out")"
note "too late to go back: $(head -n 1 "$state/reload.out")"
everything >"$state/after"
for wanted in "PrivateKey = $(cat "$state/other.key")" "PresharedKey = $(cat "$state/psk")" 'PersistentKeepalive = 17'; do
  grep -q "$wanted" "$state/after" || fail "not applied: $wanted: $(cat "$state/after")"
done
grep -q '10\.9\.0\.1/24' "$state/after" && fail "the address stayed"
on alice ip route del 10.9.0.0/24 dev eth0
cp "$state/good.toml" "$file"
on alice "$WARREN" reload wr0 || fail "back to the first file from one that was half refused"
everything >"$state/after"
grep -q "PrivateKey = $(cat "$state/other.key")" "$state/after" && fail "the other file's private key stayed"
grep -qE 'PresharedKey|PersistentKeepalive' "$state/after" && fail "settings of the other file stayed: $(cat "$state/after")"
within 10 "the first file works again" answers alice 10.8.0.2

write_change
on alice "$WARREN" reload wr0 || fail "the reload after those that were refused"
everything >"$state/after"
for wanted in 'ListenPort = 51900' 'FwMark = 0x7' "PrivateKey = $(cat "$state/other.key")" \
  "PresharedKey = $(cat "$state/psk")" 'PersistentKeepalive = 17' 'Endpoint = 192.0.2.77:51820' \
  "PublicKey = $(wg pubkey <"$state/carol.key")" '10\.8\.0\.11/24' '10\.9\.0\.1/24' 'fd09::1/64' 'mtu 1340' \
  '^10\.66\.0\.0/16' '^10\.77\.0\.0/16'; do
  grep -q "$wanted" "$state/after" || fail "not applied: $wanted: $(cat "$state/after")"
done
for unwanted in '10\.8\.0\.1/24' 'fd08::1/64'; do
  grep -q "$unwanted" "$state/after" && fail "stayed: $unwanted: $(cat "$state/after")"
done
note "once nothing is in the way, all of it is applied"

cp "$state/good.toml" "$file"
on alice "$WARREN" reload wr0 || fail "back to the first file"
on bob wg set wr0 listen-port 51820
within 10 "the first file works as before" answers alice 10.8.0.2
