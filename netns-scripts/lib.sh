# shellcheck shell=bash
# What the topologies share. A topology is a set of hosts, each with a network namespace and a mount
# namespace of its own (so that every host has its own /run/wireguard and /run/warren, and all of them
# can call their interface wr0), joined by veth pairs and bridges.
#
# A script sources this file, defines `topology_up`, and ends with `main "$@"`.
#
#   hosts NAME...                         makes the hosts
#   link A IF_A ADDRS_A B IF_B ADDRS_B    a veth pair; addresses separated by commas, "-" for none
#   tunnel HOST IF ADDRS [KEY=VALUE...]   the [interface] table of a tunnel (TOML values)
#   peer HOST IF PEER ALLOWED [KEY=VALUE...]   a [[peer]] of it; its key is that of PEER's same IF
#   start HOST IF                         runs it: IMPL_<HOST>=warren (default) or wireguard-go
#   on HOST COMMAND...                    runs a command on a host
#   await SECONDS WHAT COMMAND...         repeats a command until it succeeds
#
# Environment: WARREN (the binary), WARREN_PREFIX (of namespace names), IMPL_<host>, MTU_<host>,
# CIPHER_<host>, and EXTRA_TOML: lines that follow the settings of every [interface], such as a table of
# their own.
set -euo pipefail

topology=$(basename "${BASH_SOURCE[1]}" .sh)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=${WARREN_PREFIX:-wr}-$topology
state=/run/warren-netns/$prefix

die() { printf '%s: %s\n' "$topology" "$*" >&2; exit 1; }
say() { printf '%s: %s\n' "$topology" "$*"; }

[ "$(id -u)" -eq 0 ] || die "needs root: it makes network namespaces"

# The binary: $WARREN, the build beside this folder, or the installed one.
find_warren() {
  local candidate
  for candidate in "${WARREN:-}" "$here/../build/release/src/cli/warren" "$(command -v warren || true)"; do
    if [ -n "$candidate" ] && [ -x "$candidate" ]; then readlink -f "$candidate"; return; fi
  done
  die "found no warren binary: build it (cmake --preset release && cmake --build --preset release) or set WARREN"
}

ns() { printf '%s-%s' "$prefix" "$1"; }

# Becomes the command: what is started in the background this way has the pid that $! tells.
exec_on() {
  local host=$1
  shift
  [ -e "$state/$host.mnt" ] || die "there is no host '$host' (is the topology up?)"
  exec nsenter --net="/run/netns/$(ns "$host")" --mount="$state/$host.mnt" -- "$@"
}
on() { (exec_on "$@"); }

await() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || die "$what did not happen in time"
    sleep 0.05
  done
}

hosts() {
  local host
  # A private mount: mount namespaces can be bound to files only below one.
  mkdir -p "$state"
  mountpoint -q "$state" || mount --bind "$state" "$state"
  mount --make-private "$state"
  chmod 700 "$state"
  for host in "$@"; do
    ip netns add "$(ns "$host")"
    echo "$host" >>"$state/hosts"
    touch "$state/$host.mnt"
    nsenter --net="/run/netns/$(ns "$host")" unshare --mount="$state/$host.mnt" --propagation private \
      sh -c "mount -t sysfs sysfs /sys
             for d in /run/wireguard /run/warren; do
               mkdir -p \$d && mount -t tmpfs -o mode=0700 tmpfs \$d
             done"
    on "$host" ip link set lo up
    on "$host" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
  done
}

add_addresses() {
  local host=$1 interface=$2 address
  [ "$3" = - ] && return
  for address in ${3//,/ }; do on "$host" ip address add "$address" dev "$interface"; done
}

link() {
  ip link add "$2" netns "$(ns "$1")" type veth peer name "$5" netns "$(ns "$4")"
  on "$1" ip link set dev "$2" up
  on "$4" ip link set dev "$5" up
  add_addresses "$1" "$2" "$3"
  add_addresses "$4" "$5" "$6"
}

# switch HOST NAME IF...: a bridge on HOST with these interfaces as ports.
switch() {
  local host=$1 bridge=$2 port
  shift 2
  on "$host" ip link add "$bridge" type bridge
  on "$host" ip link set dev "$bridge" up
  for port in "$@"; do on "$host" ip link set dev "$port" master "$bridge"; done
}

forward() { on "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; }

# A key pair for each tunnel end, made at first use.
key() {
  local file=$state/$1.$2
  if [ ! -e "$file.key" ]; then
    (umask 077 && wg genkey >"$file.key")
    wg pubkey <"$file.key" >"$file.pub"
  fi
}
public_key() { key "$1" "$2"; cat "$state/$1.$2.pub"; }

# One line of TOML from KEY=VALUE: numbers, booleans and arrays stay bare, the rest becomes a string.
toml_line() {
  local name=${1%%=*} value=${1#*=}
  case $value in
    true | false | \[*\]) ;;
    *[!0-9]*) value="\"$value\"" ;;
  esac
  printf '%s = %s\n' "$name" "$value"
}
toml_array() {
  [ "$1" = - ] && { printf '[]'; return; }
  printf '["%s"]' "${1//,/\", \"}"
}
# The same setting for `wg setconf`; what wg does not know is left out.
wg_line() {
  local value=${1#*=}
  case ${1%%=*} in
    listen_port) printf 'ListenPort = %s\n' "$value" ;;
    fwmark) printf 'FwMark = %s\n' "$value" ;;
    endpoint) printf 'Endpoint = %s\n' "$value" ;;
    persistent_keepalive) printf 'PersistentKeepalive = %s\n' "$value" ;;
    preshared_key_file) printf 'PresharedKey = %s\n' "$(cat "$value")" ;;
  esac
}

tunnel() {
  local host=$1 interface=$2 addresses=$3 setting
  local file=$state/$host.$interface
  local mtu=MTU_$host cipher=CIPHER_$host
  shift 3
  key "$host" "$interface"
  [ -z "${!mtu:-}" ] || set -- "$@" "mtu=${!mtu}"
  [ -z "${!cipher:-}" ] || set -- "$@" "cipher=${!cipher}"
  {
    printf '[interface]\nname = "%s"\nprivate_key_file = "%s"\naddress = %s\n' \
      "$interface" "$file.key" "$(toml_array "$addresses")"
    for setting in "$@"; do toml_line "$setting"; done
    [ -z "${EXTRA_TOML:-}" ] || printf '%s\n' "$EXTRA_TOML"
  } >"$file.toml"
  {
    printf '[Interface]\nPrivateKey = %s\n' "$(cat "$file.key")"
    for setting in "$@"; do wg_line "$setting"; done
  } >"$file.conf"
  printf '%s\n' "$addresses" >"$file.addresses"
  printf '%s\n' "$@" | sed -n 's/^mtu=//p' >"$file.mtu"
  : >"$file.allowed"
  chmod 600 "$file".*
}

peer() {
  local host=$1 interface=$2 peer=$3 allowed=$4 setting
  local file=$state/$host.$interface public
  shift 4
  public=$(public_key "$peer" "$interface")
  {
    printf '\n[[peer]]\nname = "%s"\npublic_key = "%s"\n' "$peer" "$public"
    # Over TAP a peer has no allowed IPs: the MAC table says where frames go.
    [ "$allowed" = - ] || printf 'allowed_ips = %s\n' "$(toml_array "$allowed")"
    for setting in "$@"; do toml_line "$setting"; done
  } >>"$file.toml"
  {
    printf '\n[Peer]\nPublicKey = %s\nAllowedIPs = %s\n' "$public" "${allowed//,/, }"
    for setting in "$@"; do wg_line "$setting"; done
  } >>"$file.conf"
  [ "$allowed" = - ] || printf '%s\n' "${allowed//,/ }" >>"$file.allowed"
}

start() {
  local host=$1 interface=$2 impl=IMPL_$1
  case ${!impl:-warren} in
    warren) start_warren "$host" "$interface" ;;
    wireguard-go) start_wireguard_go "$host" "$interface" ;;
    *) die "IMPL_$host is '${!impl}': warren or wireguard-go" ;;
  esac
}

start_warren() {
  local host=$1 interface=$2 warren
  local file=$state/$host.$interface
  warren=$(find_warren)
  exec_on "$host" setsid "$warren" up "$file.toml" >>"$file.log" 2>&1 </dev/null &
  echo $! >"$file.pid"
  await 10 "'$interface' on '$host' ($(tail -n 3 "$file.log" 2>/dev/null))" \
    warren_is_ready "$host" "$interface" "$warren"
}
warren_is_ready() {
  kill -0 "$(cat "$state/$1.$2.pid")" 2>/dev/null || die "warren on '$1' ended: $(cat "$state/$1.$2.log")"
  on "$1" "$3" status "$2"
}

start_wireguard_go() {
  local host=$1 interface=$2 network
  local file=$state/$host.$interface
  command -v wireguard-go >/dev/null || die "wireguard-go is not installed"
  exec_on "$host" setsid wireguard-go -f "$interface" >>"$file.log" 2>&1 </dev/null &
  echo $! >"$file.pid"
  await 10 "wireguard-go's socket on '$host'" on "$host" wg show "$interface"
  on "$host" wg setconf "$interface" "$file.conf"
  add_addresses "$host" "$interface" "$(cat "$file.addresses")"
  on "$host" ip link set dev "$interface" mtu "$(grep . "$file.mtu" || echo 1420)" up
  while read -r line; do
    for network in $line; do on "$host" ip route replace "$network" dev "$interface"; done
  done <"$file.allowed"
}

# stop HOST IF [SIGNAL]: ends what `start` started and waits for it.
stop() {
  local pid
  pid=$(cat "$state/$1.$2.pid")
  kill -"${3:-TERM}" "$pid" 2>/dev/null || true
  await 10 "the end of '$2' on '$1'" not_running "$pid"
}
not_running() { ! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]; }

topology_down() {
  local name pid
  # Whatever runs inside one of our namespaces is ours.
  for name in $(ip netns list 2>/dev/null | awk '{print $1}' | grep "^$prefix-" || true); do
    for pid in $(ip netns pids "$name" 2>/dev/null); do kill -TERM "$pid" 2>/dev/null || true; done
    for _ in $(seq 40); do
      [ -n "$(ip netns pids "$name" 2>/dev/null)" ] || break
      sleep 0.05
    done
    for pid in $(ip netns pids "$name" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
    ip netns delete "$name"
  done
  for name in "$state"/*.mnt; do
    if mountpoint -q "$name" 2>/dev/null; then umount "$name"; fi
  done
  # What was killed may take a moment to close its log in there.
  for _ in $(seq 100); do
    mountpoint -q "$state" 2>/dev/null || break
    umount "$state" 2>/dev/null || sleep 0.05
  done
  rm -rf "$state"
}

topology_is_up() {
  local host
  [ -e "$state/up" ] || return 1
  while read -r host; do [ -e "/run/netns/$(ns "$host")" ] || return 1; done <"$state/hosts"
}

topology_status() {
  local host file interface
  topology_is_up || { say "down"; return 1; }
  while read -r host; do
    printf '%s\n' "--- $host ($(ns "$host"))"
    on "$host" ip -brief address
    for file in "$state/$host".*.pid; do
      [ -e "$file" ] || continue
      interface=$(basename "$file" .pid)
      on "$host" wg show "${interface#*.}"
    done
  done <"$state/hosts"
}

usage() {
  sed -n '2,/^[^#]/p' "$0" | sed -n '/shellcheck/d; s/^# \{0,1\}//p'
  printf '\nusage: %s up | down | status | exec HOST COMMAND... | start HOST IF | stop HOST IF [SIGNAL]%s\n' "$(basename "$0")" "${extra_usage:-}"
}

main() {
  local verb=${1:-help}
  [ $# -eq 0 ] || shift
  case $verb in
    up)
      if topology_is_up; then say "is up already"; return; fi
      topology_down # what a crash may have left
      trap 'topology_down' ERR EXIT
      topology_up
      touch "$state/up"
      trap - ERR EXIT
      say "is up: $(tr '\n' ' ' <"$state/hosts")" ;;
    down) topology_down ;;
    status) topology_status ;;
    exec) [ $# -ge 2 ] || { usage; exit 2; }; exec_on "$@" ;;
    start | stop) [ $# -ge 2 ] || { usage; exit 2; }; "$verb" "$@" ;;
    help | -h | --help) usage ;;
    *)
      if declare -F "verb_$verb" >/dev/null; then "verb_$verb" "$@"; else usage; exit 2; fi ;;
  esac
}
