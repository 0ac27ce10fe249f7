#!/usr/bin/env bash
# Each command of `wg` on a warren-wg interface, and the interface's life: deleted, its socket removed,
# its name used again at once, renamed, moved to another network namespace.
#
#     wg  --- /var/run/wireguard/ctl0.sock ---  warren-wg ctl0
# shellcheck source-path=SCRIPTDIR source=../support/own_world.sh
. "$(dirname "$(realpath "$0")")/../support/own_world.sh"

expect() { [ "$2" = "$3" ] || fail "$1: got '$2', not '$3'"; note "$1"; }

private=$(wg genkey)
public=$(wg pubkey <<<"$private")
one=$(wg genkey | wg pubkey)
two=$(wg genkey | wg pubkey)

warren-wg ctl0
[ -S /var/run/wireguard/ctl0.sock ] || fail "no socket when warren-wg returns"
expect "the interface is made down" "$(ip -br link show ctl0 | awk '{print $2}')" DOWN
expect "with an MTU of 1420" "$(cat /sys/class/net/ctl0/mtu)" 1420
expect "wg show interfaces" "$(wg show interfaces)" ctl0

# ---- set and show -------------------------------------------------------------------------------
wg set ctl0 private-key <(echo "$private") listen-port 7777 fwmark 0x2a \
  peer "$one" preshared-key <(wg genpsk) endpoint 192.0.2.1:1000 persistent-keepalive 25 \
  allowed-ips 10.1.0.0/24,fd00:1::/64 peer "$two" endpoint '[2001:db8::1]:2000'
expect "private key" "$(wg show ctl0 private-key)" "$private"
expect "public key" "$(wg show ctl0 public-key)" "$public"
expect "listen port" "$(wg show ctl0 listen-port)" 7777
expect "fwmark" "$(wg show ctl0 fwmark)" 0x2a
expect "peers" "$(wg show ctl0 peers)" "$one"$'\n'"$two"
expect "endpoints" "$(wg show ctl0 endpoints)" "$one"$'\t192.0.2.1:1000\n'"$two"$'\t[2001:db8::1]:2000'
expect "keepalive" "$(wg show ctl0 persistent-keepalive)" "$one"$'\t25\n'"$two"$'\toff'
wg show ctl0 allowed-ips | grep -q "$one.*10.1.0.0/24" || fail "allowed IPs: $(wg show ctl0 allowed-ips)"
wg show ctl0 preshared-keys | grep "$one" | grep -qv none || fail "the preshared key is not shown"
expect "dump has a line for the interface and each peer" "$(wg show ctl0 dump | wc -l)" 3
expect "latest handshakes" "$(wg show ctl0 latest-handshakes | awk '{print $2}' | sort -u)" 0

wg set ctl0 peer "$two" allowed-ips 10.1.0.0/24
wg show ctl0 allowed-ips | grep -q "$two.*10.1.0.0/24" || fail "a network did not move to another peer"
wg show ctl0 allowed-ips | grep "$one" | grep -q 10.1.0.0/24 && fail "a network belongs to two peers"
wg set ctl0 peer "$one" preshared-key /dev/null persistent-keepalive off
wg show ctl0 preshared-keys | grep "$one" | grep -q none || fail "the preshared key was not removed"
wg set ctl0 peer "$two" remove
expect "a removed peer is gone" "$(wg show ctl0 peers)" "$one"
wg set ctl0 fwmark off
expect "fwmark off" "$(wg show ctl0 fwmark)" off

# ---- files --------------------------------------------------------------------------------------
umask 077
cat >one.conf <<CONF
[Interface]
PrivateKey = $private
ListenPort = 7778

[Peer]
PublicKey = $one
AllowedIPs = 10.2.0.0/16
Endpoint = 192.0.2.2:1000
PersistentKeepalive = 5
CONF
wg setconf ctl0 one.conf
wg showconf ctl0 >shown.conf
for line in "PrivateKey = $private" "ListenPort = 7778" "PublicKey = $one" "AllowedIPs = 10.2.0.0/16" \
  "Endpoint = 192.0.2.2:1000" "PersistentKeepalive = 5"; do
  grep -qF "$line" shown.conf || fail "showconf lacks '$line': $(cat shown.conf)"
done
note "setconf and showconf"
wg setconf ctl0 shown.conf
wg showconf ctl0 | diff - shown.conf || fail "what showconf wrote is not what setconf made of it"
note "showconf's file is setconf's fixed point"
printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.3.0.0/16\n' "$two" >two.conf
wg addconf ctl0 two.conf
expect "addconf" "$(wg show ctl0 peers | wc -l)" 2
wg syncconf ctl0 one.conf
expect "syncconf removes what the file lacks" "$(wg show ctl0 peers)" "$one"

# ---- refusals -----------------------------------------------------------------------------------
warren-wg ctl1
if wg set ctl1 listen-port 7778 2>taken.err; then fail "a taken port was accepted"; fi
grep -q "Address already in use" taken.err || fail "a taken port says: $(cat taken.err)"
note "a taken port is refused with its reason"
if warren-wg ctl1 2>twice.err; then fail "ctl1 was made twice"; fi
note "a second ctl1 is refused: $(head -n 1 twice.err)"
wg show ctl1 >/dev/null || fail "the refused second ctl1 disturbed the first"
"$WARREN" status ctl1 --json | grep -q '"name": "ctl1"' || fail "warren status does not know ctl1"
if "$WARREN" reload ctl1 2>reload.err; then fail "reload without a file was accepted"; fi
rm /var/run/wireguard/ctl1.sock
no_link() { ! ip link show "$1"; }
within 2 "removing the socket ends it" no_link ctl1

# ---- follows the interface ------------------------------------------------------------------------
up_is() { "$WARREN" status ctl0 --json | grep -q "\"up\": $1"; }
mtu_is() { "$WARREN" status ctl0 --json | grep -q "\"mtu\": $1"; }
ip link set ctl0 up mtu 1380
within 2 "up is followed" up_is true
within 2 "the MTU is followed" mtu_is 1380
ip link set ctl0 down
within 2 "down is followed" up_is false
ip netns add inner
ip link set ctl0 netns inner
ip -n inner link set ctl0 up mtu 1300
within 2 "up is followed in another namespace" up_is true
within 2 "the MTU is followed in another namespace" mtu_is 1300
ss -Hlun sport = :7778 | grep -q 7778 || fail "the UDP socket left its birth namespace"
ip netns exec inner ss -Hlun sport = :7778 | grep -q 7778 && fail "there is a UDP socket in the other namespace"
note "the UDP socket stays where it was born"
ip -n inner link delete ctl0
within 2 "deleting it in another namespace ends it" has_no_process
[ -e /var/run/wireguard/ctl0.sock ] && fail "the socket was left behind"

for i in 1 2 3 4 5; do
  warren-wg ctl0 || fail "round $i: the name was not free at once"
  wg show ctl0 >/dev/null || fail "round $i: wg cannot see it"
  ip link delete ctl0
done
note "the same name is made five times in a row"
within 2 "all have ended" has_no_process
