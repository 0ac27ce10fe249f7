#!/usr/bin/env bash
# What a reload, `wg` and a move to another namespace do to addresses, routes and rules: what is no
# longer wanted goes, what is wanted stays, and nobody else's interface is touched.
#
#     alice  <== tunnel ==>  bob
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts

up
alice=$WARREN_PREFIX-two-hosts-alice
file=$state/alice.wr0.toml
cp "$file" "$state/good.toml"
reload() { on alice "$WARREN" reload wr0 || fail "reload: $1"; }

# A wrong file is status 2, with the hint in its place, and the port that the kernel chose stays.
echo 'persistent_keepalve = 1' >>"$file"
status=0
on alice "$WARREN" reload wr0 >"$state/reload.out" 2>&1 || status=$?
[ $status -eq 2 ] || fail "reload of a wrong file gives status $status"
grep -q 'hint: did you mean .persistent_keepalive' "$state/reload.out" || fail "no hint: $(cat "$state/reload.out")"
note "reload of a wrong file: status 2 and a hint"

# A peer and an address that go together leave no route behind.
cp "$state/good.toml" "$file"
sed -i 's|10.8.0.1/24"|10.8.0.1/24", "10.8.0.11/24"|; s|"10.8.0.2/32"|"10.8.0.2/32", "10.66.0.0/16"|' "$file"
reload "an address and a network more"
on alice ip route show 10.66.0.0/16 | grep -q wr0 || fail "no route to 10.66.0.0/16"
cp "$state/good.toml" "$file"
reload "both away again"
[ -z "$(on alice ip route show 10.66.0.0/16)" ] || fail "the route of a removed network stayed"
note "a removed address and network leave no route behind"

# The rules of a default route follow the mark that `wg` sets.
sed -i 's|^allowed_ips.*|allowed_ips = ["0.0.0.0/0"]|' "$file"
reload "a default route"
on alice wg set wr0 fwmark 0x99
on alice ip rule | grep 'not from all fwmark 0x99 lookup' >/dev/null || fail "the rules kept the old mark: $(on alice ip rule)"
cp "$state/good.toml" "$file"
reload "no default route"
on alice ip rule | grep 'fwmark' >/dev/null && fail "a rule stayed: $(on alice ip rule)"
note "the rules follow the mark, and go with the default route"

# While the interface is down no route can be set: it comes with the interface.
on alice ip link set wr0 down
sed -i 's|"10.8.0.2/32"|"10.8.0.2/32", "10.67.0.0/16"|' "$file"
reload "while the interface is down"
on alice ip link set wr0 up
within 5 "a route that was added while down comes with the interface" \
  sh -c "'$script' exec alice ip route show 10.67.0.0/16 | grep -q wr0"
cp "$state/good.toml" "$file"

# The MTU follows the way to an endpoint that is a name.
on alice sh -c 'cp /etc/hosts /run/warren/hosts; echo 192.0.2.2 bobby >>/run/warren/hosts
  mount --bind /run/warren/hosts /etc/hosts'
stop alice
sed -i 's|192.0.2.2:51820|bobby:51820|' "$file"
on alice ip link set eth0 mtu 1400
start alice
within 5 "the MTU follows the way to an endpoint that is a name" \
  sh -c "'$script' exec alice ip link show wr0 | grep -q 'mtu 1320 '"

# Moved to a namespace where its index is taken, the interface has an index that is another's at home.
bob=$WARREN_PREFIX-two-hosts-bob
ip -n "$alice" link set wr0 down
ip -n "$alice" link set wr0 name wr7
index=$(ip -n "$alice" -o link show wr7 | cut -d: -f1)
ip -n "$bob" -o link | grep "^$index:" >/dev/null || ip -n "$bob" link add taken index "$index" type veth peer name taken-peer index 998
ip -n "$alice" link set wr7 netns "$bob"
there=$(ip -n "$bob" -o link show wr7 | cut -d: -f1)
[ "$there" != "$index" ] || fail "the index is the same: nothing is tested"
ip -n "$alice" -o link | grep "^$there:" >/dev/null || ip -n "$alice" link add victim index "$there" type veth peer name victim-peer index 999
ip -n "$bob" link set wr7 up
within 5 "the tunnel follows the interface" sh -c "grep -q 'moved to another network namespace' '$state/alice.wr0.log'"
sleep 0.3
ip -n "$alice" address | grep '10\.8\.0\.1/' >/dev/null && fail "the addresses went to another interface: $(ip -n "$alice" address)"
sed -i 's|"10.8.0.2/32"|"10.8.0.2/32", "10.66.0.0/16"|' "$file"
reload "while it is away"
[ -z "$(on alice ip route show 10.66.0.0/16)" ] || fail "a route for an interface that is away"
[ "$(on alice "$WARREN" status wr0 --json | jq -c .interface.addresses)" = '[]' ] || fail "status shows another's addresses"
note "away from home it touches nobody's addresses and routes"
