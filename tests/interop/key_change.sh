#!/usr/bin/env bash
# Each side's private key is changed while the tunnel is up; the other side is told, and traffic flows.
#
#     alice (IMPL_alice)  <== tunnel ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

change_key() { # HOST ITS-NUMBER OTHER
  local old new
  old=$(on "$1" wg show wr0 public-key)
  on "$1" sh -c 'umask 077; wg genkey >/run/warren/new.key; wg set wr0 private-key /run/warren/new.key'
  new=$(on "$1" wg show wr0 public-key)
  [ "$old" != "$new" ] || fail "$1 kept its key"
  if answers "$3" "10.8.0.$2" >/dev/null; then fail "$3 still reaches $1 with the old key"; fi
  note "the old sessions are gone"
  on "$3" wg set wr0 peer "$old" remove peer "$new" allowed-ips "10.8.0.$2/32,fd08::$2/128" \
    endpoint "192.0.2.$2:51820"
  within 10 "$3 reaches $1 by its new key" answers "$3" "10.8.0.$2"
  ping_through "$1" "10.8.0.$((3 - $2))"
}

up
ping_through alice 10.8.0.2
change_key alice 1 bob
change_key bob 2 alice
