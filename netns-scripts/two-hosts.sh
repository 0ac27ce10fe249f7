#!/usr/bin/env bash
# Two hosts on one Ethernet, and an encrypted tunnel between them.
#
#     alice                                      bob
#     eth0 192.0.2.1/24   <--- veth --->   eth0 192.0.2.2/24
#          2001:db8::1/64                       2001:db8::2/64
#     wr0  10.8.0.1/24    <== tunnel ==>   wr0  10.8.0.2/24
#          fd08::1/64                           fd08::2/64
#
# UNDERLAY=6 runs the tunnel over IPv6; PSK=1 adds a preshared key; KIND=tap makes it an Ethernet.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topology_up() {
  local alice=192.0.2.1:51820 bob=192.0.2.2:51820 psk=() kind=()
  local alice_allowed=10.8.0.1/32,fd08::1/128 bob_allowed=10.8.0.2/32,fd08::2/128
  if [ "${KIND:-tun}" = tap ]; then kind=(kind=tap) alice_allowed=- bob_allowed=-; fi
  if [ "${UNDERLAY:-4}" = 6 ]; then alice='[2001:db8::1]:51820' bob='[2001:db8::2]:51820'; fi
  hosts alice bob
  link alice eth0 192.0.2.1/24,2001:db8::1/64 bob eth0 192.0.2.2/24,2001:db8::2/64
  if [ -n "${PSK:-}" ]; then
    (umask 077 && wg genpsk >"$state/psk")
    psk=("preshared_key_file=$state/psk")
  fi
  tunnel alice wr0 10.8.0.1/24,fd08::1/64 listen_port=51820 "${kind[@]}"
  peer alice wr0 bob $bob_allowed "endpoint=$bob" "${psk[@]}"
  tunnel bob wr0 10.8.0.2/24,fd08::2/64 listen_port=51820 "${kind[@]}"
  peer bob wr0 alice $alice_allowed "endpoint=$alice" "${psk[@]}"
  start alice wr0
  start bob wr0
}

main "$@"
