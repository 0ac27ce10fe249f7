#!/usr/bin/env bash
# What an ordinary user is told whose machine does not provide what a lab needs: exit status 3, the reason,
# and the remedy that docs/LAB.md has for it. What forbids is in force in namespaces of the test's own, or
# for one process.
set -euo pipefail
without_system_call=$(realpath "$(dirname "$0")/../../support/without_system_call.py")
# shellcheck source-path=SCRIPTDIR source=../../support/lab_world.sh
. "$(dirname "$0")/../../support/lab_world.sh"
requires_rootless

# User namespaces are needed by every lab, /dev/net/tun and io_uring by wired links.
cat >plain.toml <<'EOF'
[node.a]
[node.b]
[[link]]
ends = ["a", "b"]
[[expect]]
name = "b answers"
ping = { from = "a", to = "b" }
EOF
sed 's/^ends.*/&\nwired = true/' plain.toml >wired.toml
chmod 777 "$work"
mkfifo mapped

lab_test() { as rootless "$WARREN" lab test "$1" >said 2>&1; }
lab_up() { as rootless "$WARREN" lab up "$1" >said 2>&1; }

# In a user namespace of its own, where users are who they are outside, but no further ones may be made.
cat >inside <<'EOF'
echo 0 >/proc/sys/user/max_user_namespaces
exec setpriv --reuid=54321 --regid=54321 --clear-groups env XDG_RUNTIME_DIR=/run/user/54321 HOME=/ "$@"
EOF
where_namespaces_are_forbidden() {
  local child status=0
  # It is root there once it starts another program after its users were mapped.
  # shellcheck disable=SC2016  # for the inner shell
  unshare --user --kill-child sh -c 'read -r _ <mapped && exec sh -e "$@"' sh \
    inside "$WARREN" lab test "$1" >said 2>&1 &
  child=$!
  until is_in_another_user_namespace "$child"; do sleep 0.01; done
  echo '0 0 65536' >"/proc/$child/gid_map"
  echo '0 0 65536' >"/proc/$child/uid_map"
  echo >mapped
  wait "$child" || status=$?
  return $status
}
is_in_another_user_namespace() { [ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/self/ns/user)" ]; }

# without_system_call NUMBER BITS FILE: with a seccomp filter, as container runtimes have it, under which
# the call fails with EPERM if its first argument has one of the bits (0: in any case).
without_system_call() {
  as rootless python3 - 1 "$1" "$2" "$WARREN" lab test "$3" <"$without_system_call" >said 2>&1
}

# refused WHAT REASON REMEDY COMMAND...: status 3, and both in the message.
refused() {
  local what=$1 reason=$2 remedy=$3 status=0
  shift 3
  "$@" || status=$?
  [ "$status" -eq 3 ] || fail "$what: status $status: $(cat said)"
  grep -qF -- "$reason" said || fail "$what: the reason is not told: $(cat said)"
  grep -qF -- "$remedy" said || fail "$what: the remedy is not told: $(cat said)"
  note "$what: $(grep -m 1 'hint:' said | sed 's/.*hint: //')"
}

lab_test plain.toml || fail "the plain lab: $(cat said)"
lab_test wired.toml || fail "the wired lab: $(cat said)"
note "both labs pass where nothing is forbidden"

refused "no user namespaces" 'user.max_user_namespaces is 0' 'sysctl -w user.max_user_namespaces=' \
  where_namespaces_are_forbidden plain.toml

clone_newuser=$((0x10000000)) unshare=272 io_uring_setup=425
[ "$(uname -m)" = x86_64 ] || unshare=97
refused "a container's seccomp filter" 'making a user namespace: Operation not permitted' \
  '--security-opt seccomp=unconfined' without_system_call $unshare $clone_newuser plain.toml
without_system_call $io_uring_setup 0 plain.toml || fail "a plain lab wants io_uring: $(cat said)"
refused "no io_uring" 'io_uring' 'kernel.io_uring_disabled' without_system_call $io_uring_setup 0 wired.toml

chmod 600 "$work/tun"
lab_test plain.toml || fail "a plain lab wants /dev/net/tun: $(cat said)"
refused "/dev/net/tun of root alone" 'opening /dev/net/tun: Permission denied' 'chmod 666 /dev/net/tun' \
  lab_test wired.toml

mount -t tmpfs tmpfs /dev/net
lab_test plain.toml || fail "a plain lab wants /dev/net/tun: $(cat said)"
refused "no /dev/net/tun" 'opening /dev/net/tun: No such file or directory' '--device /dev/net/tun' \
  lab_test wired.toml
refused "no /dev/net/tun, for lab up" 'opening /dev/net/tun' '--device /dev/net/tun' lab_up wired.toml
