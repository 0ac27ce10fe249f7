#!/usr/bin/env bash
# Either side is killed with SIGKILL and started again: the tunnel is back within 10 s, whoever sends
# first.
#
#     alice (IMPL_alice)  <== tunnel ==>  bob (IMPL_bob)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology interop

up
ping_through alice 10.8.0.2
for victim in alice bob; do
  for sender in alice bob; do
    stop "$victim" KILL
    on "$victim" ip link show wr0 >/dev/null 2>&1 && fail "wr0 outlived its process on $victim"
    start "$victim"
    to=10.8.0.2
    [ "$sender" = alice ] || to=10.8.0.1
    # A survivor finds out after 15 s without an answer; the restarted side at its first packet.
    other=alice to_other=10.8.0.1
    if [ "$victim" = alice ]; then other=bob to_other=10.8.0.2; fi
    if [ "$sender" = "$other" ]; then
      within 10 "$victim killed and started: it gets an answer itself" answers "$victim" "$to_other"
    fi
    within 10 "$victim killed and started: $sender gets an answer" answers "$sender" "$to"
  done
done
