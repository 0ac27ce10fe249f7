#!/usr/bin/env bash
# Every topology comes up, carries traffic, comes up again after a crash, and leaves nothing behind.
# (Drawings: in the scripts themselves.)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"

leftovers() { ip netns list | grep "^$WARREN_PREFIX-" || true; ls -d /run/warren-netns/"$WARREN_PREFIX"-* 2>/dev/null || true; }

# try NAME FROM ADDRESS...: FROM reaches each address.
try() {
  local from=$2 address name=$1
  shift 2
  topology "$name"
  up
  [[ $("$script" up) == *'is up already'* ]] || fail "a second up of $name does not notice the first"
  for address in "$@"; do within 10 "$name: $from reaches $address" answers "$from" "$address"; done
  [[ $("$script" status) == *'latest handshake'* ]] || fail "$name: status shows no handshake"

  # A crash: every process gone, namespaces left behind.
  local host pid
  while read -r host; do
    for pid in $(ip netns pids "$WARREN_PREFIX-$name-$host"); do kill -KILL "$pid"; done
  done <"$state/hosts"
  rm "$state/up"
  up
  within 10 "$name: up again after a crash" answers "$from" "$1"
  "$script" down
  [ -z "$(leftovers)" ] || fail "$name left $(leftovers)"
  "$script" down # of what is not there: no error
}

try two-hosts alice 10.8.0.2 fd08::2
try dual-stack alice 10.4.0.2 fd04::2 10.6.0.2 fd06::2
try hub-and-spoke spoke1 10.8.0.1 10.8.0.12 10.8.0.13
try roaming alice 10.8.0.2
try behind-nat inside 10.8.0.2
try bridge pc1 10.9.0.1
