# shellcheck shell=bash
# For tests of `warren lab`: a world of one's own (own_world.sh), a lab's file, and what is there
# besides labs.
# shellcheck source-path=SCRIPTDIR source=own_world.sh
. "$(dirname "${BASH_SOURCE[0]}")/own_world.sh"

# What any machine has on which root has used `ip netns` or a tunnel.
mkdir -p /run/netns /run/warren

install -d -m 700 -o 54321 -g 54321 /run/user/54321
# Which an ordinary user can reach, wherever the build lies.
install -m 755 "$WARREN" "$work/bin/warren"
WARREN=$work/bin/warren
# Everybody's, as udev makes it; this machine's may have another mode.
mknod -m 666 "$work/tun" c 10 200
mount --bind "$work/tun" /dev/net/tun

# as root|rootless COMMAND...: runs it as that user, with what a login would give.
as() {
  local who=$1
  shift
  case $who in
    root) "$@" ;;
    rootless) setpriv --reuid=54321 --regid=54321 --clear-groups \
      env XDG_RUNTIME_DIR=/run/user/54321 HOME=/ "$@" ;;
  esac
}

# Skips the test where an ordinary user may not make user namespaces.
requires_rootless() {
  local why_not
  why_not=$(as rootless unshare --user --map-root-user true 2>&1) ||
    skip "no user namespaces for users: $why_not"
}

# What labs could leave: interfaces, named namespaces, rules, mounts, files, and the network namespaces
# that processes are in.
traces() {
  ip -o link | awk '{ print "link", $2 }'
  ip netns list | sed 's/^/netns /'
  nft list ruleset | sed 's/^/rule /'
  awk '{ print "mount", $5, $9, $10 }' /proc/self/mountinfo | sort
  { find /run -path "$work" -prune -o -print 2>/dev/null || true; } |
    sed 's/^/file /' | sort
  for process in /proc/[0-9]*; do readlink "$process/ns/net" || true; done 2>/dev/null | sort -u
  for process in /proc/[0-9]*; do cat "$process/comm" || true; done 2>/dev/null |
    grep -E '^(warren|sleep)' | sort || true
}

# nothing_new FILE: the traces are those in FILE.
nothing_new() { diff "$1" <(traces) >"$work/difference"; }
