#!/usr/bin/env bash
# Machines that lack something: each refusal says what is missing and what to do, with exit status 3,
# and leaves nothing behind.
#
#     one host, no traffic
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts

up
file=$state/lone.toml
on alice "$WARREN" genkey >"$state/lone.key"
chmod 600 "$state/lone.key"
printf '[interface]\nname = "wr9"\nprivate_key_file = "%s"\n' "$state/lone.key" >"$file"

refused() { # WHAT PATTERN COMMAND...
  local what=$1 pattern=$2 status=0
  shift 2
  on alice timeout 10 "$@" >"$state/refused.out" 2>&1 || status=$?
  [ $status -eq 3 ] || fail "$what: status $status: $(cat "$state/refused.out")"
  grep -qiE "$pattern" "$state/refused.out" || fail "$what: the message does not say so: $(cat "$state/refused.out")"
  on alice ip link show wr9 >/dev/null 2>&1 && fail "$what: wr9 was left behind"
  note "$what: $(head -n 2 "$state/refused.out" | tr '\n' ' ')"
}

refused "no /dev/net/tun" '/dev/net/tun' unshare -m sh -c \
  "mount -t tmpfs none /dev && exec '$WARREN' up '$file'"
refused "no CAP_NET_ADMIN" 'CAP_NET_ADMIN|root' setpriv --bounding-set -net_admin --inh-caps -net_admin "$WARREN" up "$file"
for errno in 1 38; do # EPERM, as container runtimes answer; ENOSYS, as old kernels do
  refused "io_uring_setup gives errno $errno" 'io_uring' python3 - "$errno" 425 0 "$WARREN" up "$file" \
    <"$repo/tests/support/without_system_call.py"
done
on alice "$WARREN" doctor >"$state/doctor.out" || fail "doctor: $(cat "$state/doctor.out")"
grep -qi 'io_uring' "$state/doctor.out" || fail "doctor does not speak of io_uring"
note "doctor finds this machine able"
