#!/usr/bin/env bash
# Every lab in configs/lab, as a user would run them: all pass, and -j4 gives the verdicts of -j1.
#
#   tests/lab/examples.sh            as whoever calls it
#   tests/lab/examples.sh rootless   as an ordinary user, in user namespaces
#
# Environment: WARREN (the binary), WARREN_LAB_PATH (where drop_udp.o is), JOBS (default 2), REPEAT (1).
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. tests/support/basics.sh

warren=$(realpath "${WARREN:-build/release/src/cli/warren}")
[ -x "$warren" ] || fail "there is no $warren: build it first"
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

as_user=()
if [ "${1:-}" = rootless ]; then
  [ "$(id -u)" -eq 0 ] || skip "to become an ordinary user takes root; as one, run it without an argument"
  user=$(getent passwd 65534 | cut -d: -f1)
  [ -n "$user" ] || skip "there is no user with the number 65534"
  as_user=(setpriv "--reuid=65534" "--regid=65534" --clear-groups env "HOME=$out" "XDG_RUNTIME_DIR=$out")
  # A copy that the user can reach, wherever the build lies.
  mkdir -p "$out/here"
  cp "$warren" "$out/here/warren"
  cp -r configs/lab "$out/here/lab"
  [ -z "${WARREN_LAB_PATH:-}" ] || cp -r "$WARREN_LAB_PATH"/. "$out/here/lab/"
  chown -R 65534:65534 "$out"
  warren=$out/here/warren
  cd "$out/here"
  files=(lab/*.toml)
  "${as_user[@]}" unshare -Ur true 2>/dev/null || skip "this system forbids user namespaces"
  # Where /dev/net/tun is root's alone (a container), the user gets a node of its own in its place.
  if ! "${as_user[@]}" test -w /dev/net/tun; then
    mknod "$out/tun" c 10 200 && chmod 666 "$out/tun"
    # shellcheck disable=SC2016
    as_user=(unshare --mount sh -c 'mount --bind "$0" /dev/net/tun && exec "$@"' "$out/tun" "${as_user[@]}")
  fi
else
  files=(configs/lab/*.toml)
fi
[ ${#files[@]} -ge 15 ] || fail "found only ${#files[@]} labs"

status=0
timeout 600 "${as_user[@]}" "$warren" lab test "${files[@]}" -j "${JOBS:-2}" --repeat "${REPEAT:-1}" \
  --junit "$out/junit.xml" --artifacts "$out/evidence" || status=$?
if [ "$status" -ne 0 ]; then
  # What a reader of the log needs, since the evidence goes with the machine.
  find "$out/evidence" -name 'nodes.txt' -o -name '*.log' 2>/dev/null | while read -r file; do
    printf -- '--- %s\n' "${file#"$out"/}"
    tail -n 40 "$file"
  done
  fail "warren lab test ended with status $status"
fi
