#!/usr/bin/env bash
# The script of `warren lab plan --sh` makes what `warren lab up` makes: addresses, routes, links and XDP
# programs of every node are the same, as ip(8) shows them; and `down` leaves nothing.
#
#     alice --- gate (NAT) === core (switch) --- bob
#                                |
#                     carol === edge (router) --- dave       === a wired link
#
# Left out of the comparison: what the kernel counts or gives out by itself, and what a TAP device of a
# wired link has otherwise than the script's veth pair.
# The same for configs/lab/xdp.toml, where WARREN_LAB_PATH has its object.
# Environment: WARREN (the binary), WARREN_PREFIX, WARREN_LAB_PATH. Exit status: 0 passed, 77 skipped, else failed.
set -euo pipefail

repo=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../support/basics.sh
. "$repo/tests/support/basics.sh"
: "${WARREN:=$repo/build/release/src/cli/warren}"
lab=${WARREN_PREFIX:-t$$}-plan
[ "$(id -u)" -eq 0 ] || skip "needs root: it compares named namespaces"
for tool in ip nft jq shellcheck; do
  command -v "$tool" >/dev/null || skip "needs $tool: run netns-scripts/setup.sh test"
done

work=$(mktemp -d)
finish() {
  local status=$?
  "$WARREN" lab down "$lab" >/dev/null 2>&1 || true
  [ ! -e "$work/script" ] || sh "$work/script" down
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

cat >"$work/lab.toml" <<LAB
[lab]
name = "$lab"
ipv4 = "10.20.0.0/16"
ipv6 = "fd00:1ab::/48"

[node.alice]
[node.gate]
kind = "nat"
[node.core]
kind = "switch"
[node.bob]
sysctl = { "net.ipv4.conf.eth0.arp_ignore" = 1 }
[node.edge]
kind = "router"
[node.carol]
[node.dave]

[[link]]
ends = ["alice:eth0", "gate:lan"]
[[link]]
ends = ["gate:wan", "core"]
delay = "2ms"
[[link]]
ends = ["bob", "core"]
[[link]]
ends = ["edge:up", "core"]
[[link]]
ends = ["carol", "edge:left"]
wired = true
mtu = 1400
[[link]]
ends = ["dave", "edge:right"]
mtu = 1280
LAB
nodes="alice gate core bob edge carol dave"

# Without what differs from run to run, sorted by what remains.
readonly addresses='[.[] | {ifname, addresses: [.addr_info[] |
  del(.valid_life_time, .preferred_life_time, .protocol)] | sort_by(.family, .local)}] | sort_by(.ifname)'
readonly routes='map(del(.flags)) | sort_by(.dst, .dev, .metric)'
readonly links='[.[] | {ifname, mtu, operstate, address, broadcast, master, link_type,
  up: (.flags | contains(["UP"])), carrier: (.flags | contains(["LOWER_UP"]))} |
  # A TAP device has a carrier of its own and no state beside it.
  .operstate |= if . == "UNKNOWN" then "UP" else . end] | sort_by(.ifname)'
readonly programs='[.[] | select(.xdp) | {ifname, mode: .xdp.mode, name: .xdp.prog.name, tag: .xdp.prog.tag}]'

# A carrier and an IPv6 address take the kernel a moment.
is_quiet() {
  local node
  for node in $nodes; do
    ip -j -n "$lab-$node" address |
      jq -e 'all(.[] | select(.ifname != "lo"); (.flags | contains(["LOWER_UP"])) and
        .operstate != "DOWN" and all(.addr_info[]; .tentative != true))' >/dev/null || return 1
  done
}

# snapshot FOLDER
snapshot() {
  local node end
  end=$(($(date +%s) + 10))
  until is_quiet; do
    [ "$(date +%s)" -lt "$end" ] || fail "no carrier everywhere after 10 s"
    sleep 0.02
  done
  mkdir "$1"
  for node in $nodes; do
    ip -j -n "$lab-$node" address | jq "$addresses" >"$1/$node.addresses"
    ip -j -n "$lab-$node" route | jq "$routes" >"$1/$node.routes4"
    ip -j -n "$lab-$node" -6 route | jq "$routes" >"$1/$node.routes6"
    ip -j -n "$lab-$node" link | jq "$links" >"$1/$node.links"
    ip -d -j -n "$lab-$node" link | jq "$programs" >"$1/$node.programs"
    ip netns exec "$lab-$node" nft list ruleset >"$1/$node.rules"
    # shellcheck disable=SC2016  # for the inner shell
    ip netns exec "$lab-$node" sh -c 'cd /proc/sys/net && for file in ipv4/ip_forward \
      ipv4/conf/*/rp_filter ipv4/conf/*/arp_ignore ipv4/tcp_no_metrics_save ipv6/conf/*/forwarding \
      ipv6/conf/*/disable_ipv6 ipv6/conf/*/accept_dad ipv6/conf/*/accept_ra; do
      printf "%s %s\n" "$file" "$(cat "$file")"; done' >"$1/$node.sysctls"
  done
}

names() { ip netns list | awk '{print $1}' | grep "^$lab-" || true; }

# plan FILE: writes the script.
plan() {
  "$WARREN" lab plan --sh "$1" >"$work/script"
  shellcheck "$work/script" || fail "shellcheck has something to say"
  note "shellcheck has nothing to say"
}

# same_as_lab FILE: `warren lab up` makes what the snapshot by-script shows.
same_as_lab() {
  "$WARREN" lab up "$1" >/dev/null
  snapshot "$work/by-warren"
  "$WARREN" lab down "$lab" >/dev/null
  diff -ru "$work/by-script" "$work/by-warren" || fail "warren lab up made something else (+)"
  note "warren lab up made the same: addresses, routes, links, rules and settings of $(wc -w <<<"$nodes") nodes"
}

plan "$work/lab.toml"
sh "$work/script" up
[ "$(names | wc -l)" -eq 7 ] || fail "the script made: $(names)"
snapshot "$work/by-script"
ip netns exec "$lab-alice" ping -q -c 1 -W 2 10.20.1.2 >/dev/null || fail "alice does not reach bob"
note "the script's network carries a packet from alice through the NAT to bob"

sh "$work/script" up 2>"$work/refusal" && fail "the script ran a second time"
grep -q 'exists already' "$work/refusal" || fail "the refusal says: $(cat "$work/refusal")"
[ "$(names | wc -l)" -eq 7 ] || fail "the refusal took something away"
note "it refuses to run twice"

ip netns exec "$lab-bob" sleep 100 &
runs_in_bob() { ip netns pids "$lab-bob" | grep -q .; }
within 5 "a process runs in a node" runs_in_bob
sh "$work/script" down
[ -z "$(names)" ] || fail "the script left: $(names)"
wait "$!" && fail "the process in the node was not ended"
sh "$work/script" down
note "down leaves nothing, and may be called again"

# A name of another namespace on the way: nothing at all is made.
ip netns add "$lab-edge"
sh "$work/script" up 2>/dev/null && { ip netns delete "$lab-edge"; fail "it took over a namespace"; }
[ "$(names)" = "$lab-edge" ] || fail "it made or removed something: $(names)"
ip netns delete "$lab-edge"
note "it makes nothing when one namespace is there already"

same_as_lab "$work/lab.toml"

# ---- an XDP program --------------------------------------------------------------------------------
[ -e "${WARREN_LAB_PATH:-}/drop_udp.o" ] || { note "no drop_udp.o: configs/lab/xdp.toml is left out"; exit 0; }
sed "s/^name = \"xdp\"/name = \"$lab\"/" "$repo/configs/lab/xdp.toml" >"$work/xdp.toml"
nodes="alice bob"
rm -r "$work/by-script" "$work/by-warren"

# Datagrams to a port without a socket that bob's stack has seen, after another one was sent.
unexpected_datagrams() {
  ip netns exec "$lab-alice" bash -c 'echo hello >/dev/udp/10.0.0.2/9'
  ip netns exec "$lab-alice" ping -q -c 1 -W 2 10.0.0.2 >/dev/null || fail "alice does not reach bob"
  ip netns exec "$lab-bob" nstat -asjz UdpNoPorts | jq .kernel.UdpNoPorts
}

plan "$work/xdp.toml"
sh "$work/script" up
snapshot "$work/by-script"
jq -e '.[0].name == "drop_udp"' "$work/by-script/bob.programs" >/dev/null ||
  fail "the script attached: $(cat "$work/by-script/bob.programs")"
[ "$(unexpected_datagrams)" = 0 ] || fail "a datagram passed the XDP program"
ip -n "$lab-bob" link set dev eth0 xdp off
[ "$(unexpected_datagrams)" = 1 ] || fail "without the program no datagram passes either"
note "the script's XDP program drops UDP, and it alone"
sh "$work/script" down
[ -z "$(names)" ] || fail "the script left: $(names)"
same_as_lab "$work/xdp.toml"
