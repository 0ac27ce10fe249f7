#!/usr/bin/env bash
# wg-quick with WG_QUICK_USERSPACE_IMPLEMENTATION=warren-wg: up, save, strip, down; a default route; and
# traffic between two interfaces of one machine.
#
#     ctla (10.66.0.1)  --- UDP on lo ---  ctlb (10.67.0.1, in the namespace "far")
# shellcheck source-path=SCRIPTDIR source=../support/own_world.sh
. "$(dirname "$(realpath "$0")")/../support/own_world.sh"

export WG_QUICK_USERSPACE_IMPLEMENTATION=warren-wg
umask 077
key_a=$(wg genkey)
key_b=$(wg genkey)
psk=$(wg genpsk)
cat >ctla.conf <<CONF
[Interface]
Address = 10.66.0.1/24, fd66::1/64
PrivateKey = $key_a
ListenPort = 7101
MTU = 1400

[Peer]
PublicKey = $(wg pubkey <<<"$key_b")
PresharedKey = $psk
AllowedIPs = 10.67.0.0/24, fd67::/64
Endpoint = 127.0.0.1:7102
CONF
cat >ctlb.conf <<CONF
[Interface]
Address = 10.67.0.1/24, fd67::1/64
PrivateKey = $key_b
ListenPort = 7102
Table = off

[Peer]
PublicKey = $(wg pubkey <<<"$key_a")
PresharedKey = $psk
AllowedIPs = 10.66.0.0/24, fd66::/64
CONF

wg-quick up ./ctla.conf
ip -br addr show ctla | grep -q 10.66.0.1/24 || fail "the address is missing: $(ip -br addr show ctla)"
[ "$(cat /sys/class/net/ctla/mtu)" = 1400 ] || fail "the MTU was not set"
ip route show 10.67.0.0/24 | grep -q ctla || fail "the route is missing"
note "wg-quick up"

# The other end moves to a namespace of its own; its socket stays here.
wg-quick up ./ctlb.conf
ip netns add far
ip link set ctlb netns far
ip -n far link set lo up
ip -n far addr add 10.67.0.1/24 dev ctlb
ip -n far addr add fd67::1/64 dev ctlb nodad
ip -n far link set ctlb up
ip -n far route add 10.66.0.0/24 dev ctlb
ip -n far route add fd66::/64 dev ctlb
answers() { ping -q -c 1 -W 1 "$1"; }
within 10 "IPv4 through the tunnel" answers 10.67.0.1
within 10 "IPv6 through the tunnel" answers fd67::1
[ "$(wg show ctla latest-handshakes | awk '{print $2}')" -gt 0 ] || fail "no handshake is shown"
wg show ctla transfer | awk '{exit !($2 > 0 && $3 > 0)}' || fail "no transfer is shown: $(wg show ctla transfer)"

wg-quick strip ./ctla.conf | wg syncconf ctla /dev/stdin
answers 10.67.0.1 >/dev/null || fail "syncconf of the same configuration broke the session"
note "syncconf of the same configuration keeps the session"
wg-quick save ./ctla.conf
grep -q "Endpoint = 127.0.0.1:7102" ctla.conf || fail "save wrote: $(cat ctla.conf)"
wg-quick down ./ctla.conf
ip link show ctla >/dev/null 2>&1 && fail "ctla is left"
wg-quick up ./ctla.conf || fail "up right after down failed"
within 10 "works after down and up" answers 10.67.0.1
wg-quick down ./ctla.conf
ip -n far link delete ctlb
within 2 "no process is left" has_no_process

# A default route: wg-quick's policy routing needs the fwmark.
cat >ctld.conf <<CONF
[Interface]
Address = 10.68.0.1/24
PrivateKey = $key_a

[Peer]
PublicKey = $(wg pubkey <<<"$key_b")
AllowedIPs = 0.0.0.0/0
Endpoint = 127.0.0.1:7102
CONF
wg-quick up ./ctld.conf
[ "$(wg show ctld fwmark)" != off ] || fail "wg-quick's fwmark is not in force"
ip route get 192.0.2.9 | grep -q ctld || fail "the default route does not lead into the tunnel"
wg-quick down ./ctld.conf
note "a default route"
within 2 "no process is left at the end" has_no_process
