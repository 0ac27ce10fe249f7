#!/usr/bin/env bash
# Warren on one side, wireguard-go on the other: both speak WireGuard.
#
#     alice (warren)                             bob (wireguard-go)
#     eth0 192.0.2.1/24   <--- veth --->   eth0 192.0.2.2/24
#          2001:db8::1/64                       2001:db8::2/64
#     wr0  10.8.0.1/24    <== tunnel ==>   wr0  10.8.0.2/24
#          fd08::1/64                           fd08::2/64
#
# UNDERLAY=6 runs the tunnel over IPv6; PSK=1 adds a preshared key; ONE_SIDED=alice or bob leaves only
# that side with an endpoint for its peer, which then is learned from the first handshake.
# MTU_alice and MTU_bob set the tunnel's MTU, UNDERLAY_MTU that of the Ethernet.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${IMPL_bob:=wireguard-go}"

topology_up() {
  local to_alice=(endpoint=192.0.2.1:51820) to_bob=(endpoint=192.0.2.2:51820) psk=()
  if [ "${UNDERLAY:-4}" = 6 ]; then
    to_alice=('endpoint=[2001:db8::1]:51820') to_bob=('endpoint=[2001:db8::2]:51820')
  fi
  case ${ONE_SIDED:-} in
    alice) to_alice=() ;;
    bob) to_bob=() ;;
  esac
  hosts alice bob
  link alice eth0 192.0.2.1/24,2001:db8::1/64 bob eth0 192.0.2.2/24,2001:db8::2/64
  on alice ip link set dev eth0 mtu "${UNDERLAY_MTU:-1500}"
  on bob ip link set dev eth0 mtu "${UNDERLAY_MTU:-1500}"
  if [ -n "${PSK:-}" ]; then
    (umask 077 && wg genpsk >"$state/psk")
    psk=("preshared_key_file=$state/psk")
  fi
  tunnel alice wr0 10.8.0.1/24,fd08::1/64 listen_port=51820
  peer alice wr0 bob 10.8.0.2/32,fd08::2/128 "${to_bob[@]}" "${psk[@]}"
  tunnel bob wr0 10.8.0.2/24,fd08::2/64 listen_port=51820
  peer bob wr0 alice 10.8.0.1/32,fd08::1/128 "${to_alice[@]}" "${psk[@]}"
  start alice wr0
  start bob wr0
}

main "$@"
