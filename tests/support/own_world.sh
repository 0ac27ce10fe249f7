# shellcheck shell=bash
# For tests of one machine alone: the test that sources this file runs again in network, mount and
# process namespaces of its own, with an empty /run. Everything it started and made is gone with them.
#
# Environment: WARREN (the binary). Exit status: 0 passed, 77 skipped with the reason, else failed.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=basics.sh
. "$(dirname "${BASH_SOURCE[0]}")/basics.sh"

[ "$(id -u)" -eq 0 ] || skip "needs root: it makes network namespaces"
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
for tool in wg wg-quick ip; do
  command -v "$tool" >/dev/null || skip "needs $tool: run netns-scripts/setup.sh test"
done

if [ -z "${WARREN_OWN_WORLD:-}" ]; then
  repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  WARREN=$(realpath "${WARREN:-$repo/build/release/src/cli/warren}")
  [ -x "$WARREN" ] || fail "there is no $WARREN: build it first"
  export WARREN WARREN_OWN_WORLD=1
  exec unshare --net --mount --pid --fork --kill-child --mount-proc "$BASH" "$0" "$@"
fi
# The machine's own mounts there, copied with the namespace, would vanish when their owners end: another
# test's topology, say, whose namespaces this copy would keep alive until then.
awk '$5 ~ "^/run/" { print $5 }' /proc/self/mountinfo | tac | while read -r copied; do
  umount --lazy "$copied" 2>/dev/null || true
done
umask 022  # an ordinary user reads what tests put there
mount -t tmpfs -o mode=755 tmpfs /run
mount -t sysfs sysfs /sys  # the new network namespace's
ip link set lo up
work=/run/work
mkdir -p "$work/bin"
ln -s "$WARREN" "$work/bin/warren-wg"
export PATH="$work/bin:$PATH"
cd "$work"

has_no_process() { ! pgrep -x warren-wg; }
