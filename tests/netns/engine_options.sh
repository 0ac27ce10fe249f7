#!/usr/bin/env bash
# Every step that [engine] can force carries TCP and UDP both ways unchanged, and `warren status` says
# what was forced. Alice's end steps down; bob's uses everything.
#
#     alice ([engine] ...)  <== tunnel, TUN or TAP ==>  bob
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts
bytes=$((6 << 20))

# feature NAME state|forced|degraded: from alice's status.
feature() { on alice "$WARREN" status wr0 --json | jq -r --arg name "$1" ".features[] | select(.name == \$name) | .$2"; }
says() { # NAME STATE(a pattern) FORCED
  # shellcheck disable=SC2053
  [[ $(feature "$1" state) == $2 ]] || fail "status says \"$1: $(feature "$1" state)\", not \"$2\""
  [ "$(feature "$1" forced)" = "$3" ] || fail "status says that \"$1\" is forced: $(feature "$1" forced)"
}

# engine LINES: alice's end anew with these lines in [engine].
engine() {
  stop alice
  { sed '/^\[\[peer/,$d' "$state/plain.toml"; printf '[engine]\n%s\n' "$1"; sed -n '/^\[\[peer/,$p' "$state/plain.toml"; } >"$state/alice.wr0.toml"
  on alice "$WARREN" check "$state/alice.wr0.toml" >/dev/null || fail "check refuses: $1"
  start alice
  note "alice: ${1//$'\n'/, }"
  within 10 "the tunnel answers" answers alice 10.8.0.2
}
udp_back() {
  local state=$state/back # for its output
  mkdir -p "$state"
  transfer udp bob alice 10.8.0.1 $((bytes / 8))
}
carries() {
  transfer tcp alice bob 10.8.0.2 $bytes
  transfer tcp bob alice 10.8.0.1 $bytes
  # A receiver of UDP lingers for a second: both at once.
  udp_back &
  transfer udp alice bob 10.8.0.2 $((bytes / 8))
  wait $! || fail "UDP from bob to alice"
}

for kind in tun tap; do
  export KIND=$kind
  up
  cp "$state/alice.wr0.toml" "$state/plain.toml"
  within 10 "the tunnel answers" answers alice 10.8.0.2
  for feature in aead "tun offload" "udp segmentation" "udp ipv4" "zero-copy send" "busy poll" scheduling; do
    says "$feature" '*' false
  done
  for tun in auto tso none; do
    for udp in auto none; do
      [ $tun$udp != autoauto ] || continue
      engine "tun_offload = \"$tun\""$'\n'"udp_offload = \"$udp\""
      case $tun in
        auto) says "tun offload" 'tso+uso' false ;;
        tso) says "tun offload" 'tso' true ;;
        none) says "tun offload" 'none' true ;;
      esac
      case $udp in
        auto) says "udp segmentation" 'on' false; says "udp ipv4" 'receive offload*' false ;;
        none) says "udp segmentation" 'off' true; says "udp ipv4" 'no receive offload*' true ;;
      esac
      carries
    done
  done
  if [ $kind = tun ]; then
    engine 'udp_offload = "gso"'
    says "udp segmentation" on false
    says "udp ipv4" 'no receive offload*' true
    engine 'udp_offload = "gro"'
    says "udp segmentation" off true
    says "udp ipv4" 'receive offload*' false
    engine 'scheduling = "ordinary"'
    says scheduling 'as ordinary threads' true
    engine $'aead = "libsodium"\nbusy_poll_us = 50'
    says aead libsodium true
    says "busy poll" '50 us' true
    carries
  fi
  engine 'zero_copy = true'
  carries
  # Over veth the receiver's namespace is on the same machine: the kernel copies after all, and says so.
  says "zero-copy send" '*' true
  case $(feature "zero-copy send" state) in
    "off: the kernel lacks it") note "this kernel has no SENDMSG_ZC" ;;
    "on"*", but the kernel copies: "*) note "zero-copy send: $(feature "zero-copy send" state)" ;;
    *) fail "status says \"zero-copy send: $(feature "zero-copy send" state)\"" ;;
  esac
  on alice "$WARREN" status wr0 >"$state/status.txt"
  grep -q 'zero-copy send.*(forced' "$state/status.txt" || fail "the text does not say what is forced: $(cat "$state/status.txt")"
  grep -q 'zero-copy send: .*(\(forced\|degraded\)' "$state/alice.wr0.log" ||
    fail "the log does not say what is forced: $(cat "$state/alice.wr0.log")"

  # A reload changes none of it, and says so.
  sed -i 's/^zero_copy = true/zero_copy = false/' "$state/alice.wr0.toml"
  if on alice "$WARREN" reload wr0 >"$state/reload.out" 2>&1; then fail "a reload with another [engine] was taken"; fi
  grep -q 'engine.* cannot be changed while the tunnel is up' "$state/reload.out" || fail "the reload says: $(cat "$state/reload.out")"
  note "a reload with another [engine] is refused"
  "$script" down
done
