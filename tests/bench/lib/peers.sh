# shellcheck shell=bash disable=SC2154
# The implementations that compare.sh measures. Each makes interface wr0 on alice and bob, with the
# inner addresses 10.8.0.1 and 10.8.0.2 (fd08::1 and fd08::2), and leaves the pid of its process in
# $state/HOST.wr0.pid. Variables that are not set here are compare.sh's. Keys and certificates are made in $work when first needed.
#
# peer_missing NAME says why a peer cannot run here (nothing when it can); peer_up NAME starts it.

declare -A underlay=([alice]=192.0.2.1 [bob]=192.0.2.2)
declare -A other=([alice]=bob [bob]=alice)
declare -A inner4=([alice]=10.8.0.1 [bob]=10.8.0.2) inner6=([alice]=fd08::1 [bob]=fd08::2)

binary_of() { # the program that a peer runs
  case $1 in
    veth) echo ip ;;
    warren | warren-gcm | warren-sodium | warren+*) echo "$WARREN" ;;
    relay) echo "$bench_build/warren-null" ;;
    fastd-null) echo fastd ;;
    *) echo "$1" ;;
  esac
}

toml_of() { # what a kind of Warren adds to its configuration
  case $1 in
    warren-gcm) echo 'cipher = "aes-256-gcm"' ;;
    warren-sodium) engine_setting aead=libsodium ;;
    warren+*) engine_setting "${1#warren+}" ;;
  esac
}
engine_setting() { # KEY=VALUE
  case $1 in
    *=true | *=false | *=[0-9]*) printf '[engine]\n%s = %s\n' "${1%%=*}" "${1#*=}" ;;
    *) printf '[engine]\n%s = "%s"\n' "${1%%=*}" "${1#*=}" ;;
  esac
}

peer_missing() {
  local binary file=$work/check.toml
  binary=$(binary_of "$1")
  command -v "$binary" >/dev/null || { echo "there is no $binary"; return; }
  [ -n "$(toml_of "$1")" ] || return 0
  (umask 077 && wg genkey >"$work/check.key")
  printf '[interface]\nname = "wr0"\nprivate_key_file = "%s"\n%s\n' "$work/check.key" "$(toml_of "$1")" >"$file"
  "$binary" check "$file" >"$work/check.out" 2>&1 || { echo "this warren refuses it: $(head -n 1 "$work/check.out")"; }
}

# IPv6 inside the tunnel: nebula 1.6 carries IPv4 only.
peer_carries() { [ "$1" != nebula ] || [ "$2" = 4 ]; }

peer_up() {
  local host
  hosts alice bob
  link alice eth0 "${underlay[alice]}/24" bob eth0 "${underlay[bob]}/24"
  for host in alice bob; do
    on "$host" ip link set dev eth0 mtu "$underlay_mtu"
    on "$host" ethtool -K eth0 tx-udp-segmentation "$underlay_uso" >/dev/null
  done
  touch "$state/up"
  case $1 in
    warren | warren-gcm | warren-sodium | warren+* | relay | wireguard-go) up_wireguard "$1" ;;
    *) "up_${1%-null}" "$1" ;;
  esac
  await 15 "a ping through $1" on alice ping -q -c 1 -W 1 "${inner4[bob]}"
  ! peer_carries "$1" 6 || await 15 "an IPv6 ping through $1" on alice ping -q -c 1 -W 1 "${inner6[bob]}"
}

# background HOST COMMAND...: starts the process that carries the tunnel on a host.
background() {
  local host=$1
  shift
  exec_on "$host" "$@" >"$state/$host.wr0.log" 2>&1 </dev/null &
  echo $! >"$state/$host.wr0.pid"
}

interface_addresses() { # HOST IF: the inner addresses, where the implementation does not set them
  on "$1" ip address replace "${inner4[$1]}/24" dev "$2"
  on "$1" ip address replace "${inner6[$1]}/64" dev "$2"
}

up_veth() {
  local host
  for host in alice bob; do interface_addresses "$host" eth0; done
}

# wireguard-go takes its addresses and peers from `start` in netns-scripts/lib.sh, as Warren does.
up_wireguard() {
  local host peer
  export IMPL_alice=warren IMPL_bob=warren WARREN EXTRA_TOML
  [ "$1" != wireguard-go ] || export IMPL_alice=wireguard-go IMPL_bob=wireguard-go
  EXTRA_TOML=$(toml_of "$1")
  for host in alice bob; do
    peer=${other[$host]}
    tunnel "$host" wr0 "${inner4[$host]}/24,${inner6[$host]}/64" listen_port=51820 "mtu=$inner_mtu"
    peer "$host" wr0 "$peer" "${inner4[$peer]}/32,${inner6[$peer]}/128" "endpoint=${underlay[$peer]}:51820"
  done
  for host in alice bob; do
    if [ "$1" = wireguard-go ]; then start "$host" wr0; else WARREN=$(binary_of "$1") start "$host" wr0; fi
  done
}

up_nebula() {
  local host peer keys=$work/nebula
  if [ ! -e "$keys" ]; then
    mkdir -m 700 "$keys"
    (cd "$keys" && nebula-cert ca -name bench -duration 48h &&
      nebula-cert sign -name alice -ip 10.8.0.1/24 && nebula-cert sign -name bob -ip 10.8.0.2/24) >/dev/null
  fi
  for host in alice bob; do
    peer=${other[$host]}
    # The buffers are those that nebula's own example advises for fast links.
    cat >"$state/$host.yml" <<END
pki: { ca: $keys/ca.crt, cert: $keys/$host.crt, key: $keys/$host.key }
static_host_map: { "${inner4[$peer]}": ["${underlay[$peer]}:4242"] }
lighthouse: { am_lighthouse: false, hosts: [] }
listen: { host: 0.0.0.0, port: 4242, batch: 64, read_buffer: 10485760, write_buffer: 10485760 }
punchy: { punch: false }
tun: { dev: wr0, mtu: $inner_mtu, tx_queue: 500 }
logging: { level: warning, format: text }
firewall:
  outbound: [{ port: any, proto: any, host: any }]
  inbound: [{ port: any, proto: any, host: any }]
END
    background "$host" nebula -config "$state/$host.yml"
  done
}

up_openvpn() {
  local host peer role keys=$work/openvpn fingerprint
  if [ ! -e "$keys" ]; then
    mkdir -m 700 "$keys"
    for host in alice bob; do
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$host" \
        -keyout "$keys/$host.key" -out "$keys/$host.crt" 2>/dev/null
    done
  fi
  for host in bob alice; do
    peer=${other[$host]} role=tls-client
    [ "$host" = alice ] || role=tls-server
    fingerprint=$(openssl x509 -in "$keys/$peer.crt" -noout -fingerprint -sha256 | cut -d= -f2)
    cat >"$state/$host.ovpn" <<END
$role
dev wr0
dev-type tun
topology p2p
proto udp4
local ${underlay[$host]}
remote ${underlay[$peer]}
port 1194
ifconfig ${inner4[$host]} ${inner4[$peer]}
ifconfig-ipv6 ${inner6[$host]}/64 ${inner6[$peer]}
tun-mtu $inner_mtu
mssfix 0
dh none
cert $keys/$host.crt
key $keys/$host.key
peer-fingerprint $fingerprint
data-ciphers AES-256-GCM
disable-dco
verb 1
END
    background "$host" openvpn --config "$state/$host.ovpn"
  done
}

up_fastd() { # fastd or fastd-null
  local host peer keys=$work/fastd method=aes128-ctr+umac
  [ "$1" = fastd ] || method=null
  if [ ! -e "$keys" ]; then
    mkdir -m 700 "$keys"
    for host in alice bob; do fastd --generate-key >"$keys/$host" 2>/dev/null; done
  fi
  for host in alice bob; do
    peer=${other[$host]}
    cat >"$state/$host.fastd" <<END
mode tun;
interface "wr0";
method "$method";
bind ${underlay[$host]}:10000;
mtu $inner_mtu;
secret "$(sed -n 's/^Secret: *//p' "$keys/$host")";
on up sync "ip link set dev wr0 up";
peer "$peer" {
  key "$(sed -n 's/^Public: *//p' "$keys/$peer")";
  remote ${underlay[$peer]}:10000;
}
END
    background "$host" fastd --config "$state/$host.fastd" --log-level warn
    await 10 "fastd's interface on $host" on "$host" ip link show wr0
    interface_addresses "$host" wr0
  done
}
