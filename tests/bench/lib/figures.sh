# shellcheck shell=bash disable=SC2154
# What compare.sh, whose variables these are, measures through the tunnel that peer_up made. Each figure is
# written with `record FIGURE VALUE`; measure NAME returns false when it could not be taken.

record() { printf '%s\t%s\t%s\t%s\t%s\n' "$condition" "$implementation" "$round" "$1" "$2" >>"$results"; }

calculate() { awk -v "a=${2:-0}" -v "b=${3:-0}" -v "c=${4:-0}" "BEGIN { printf \"%.6g\", ($1) }"; }
holds() { awk -v "a=${2:-0}" -v "b=${3:-0}" "BEGIN { exit !($1) }"; }

tunnel_pids() { # [HOST]
  local host
  for host in ${1:-alice bob}; do cat "$state/$host.wr0.pid" 2>/dev/null || true; done
}

# CPU seconds of the tunnel's processes on both ends or on one, of threads that have ended too. The kernel
# splits them into user and system time by ticks, but their sum is exact to a tick.
cpu_seconds() { # [HOST]
  local pid
  for pid in $(tunnel_pids "$@"); do sed 's/.*) //' "/proc/$pid/stat"; done |
    awk -v hz="$(getconf CLK_TCK)" '{ s += $12 + $13 } END { printf "%.2f", s / hz }'
}

target() { if [ "${1:-}" = v6 ]; then echo "${inner6[bob]}"; else echo "${inner4[bob]}"; fi; }

# iperf3_server ADDRESS: on bob, for one client; its pid is in $server.
iperf3_server() {
  exec_on bob timeout "$((seconds + 30))" iperf3 -s -1 -B "$1" >"$work/server.out" 2>&1 &
  server=$!
  await 5 "iperf3 on bob" on bob sh -c "ss -Hlnt 'sport = :5201' | grep -q ."
}
iperf3_client() { # ADDRESS SECONDS OPTION...
  local address=$1 time=$2
  shift 2
  on alice timeout "$((time + 20))" iperf3 -c "$address" -C cubic -t "$time" --json "$@"
}
finish() { # ends a background process of ours, quietly
  kill "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# tcp STREAMS r|- v6|-: Gbit/s received, and CPU seconds per gigabyte.
tcp() {
  local figure=$4 address out=$work/client.json before bytes
  local options=(-P "$1")
  [ "$2" = - ] || options+=(-R)
  address=$(target "$3")
  iperf3_server "$address"
  before=$(cpu_seconds)
  if ! iperf3_client "$address" "$seconds" "${options[@]}" >"$out"; then
    finish "$server"
    return 1
  fi
  bytes=$(jq '.end.sum_received.bytes' "$out")
  record "$figure" "$(jq '.end.sum_received.bits_per_second / 1e9' "$out")"
  [ "$implementation" = veth ] || record "$figure.cpu" "$(calculate '(b - a) / c * 1e9' "$before" "$(cpu_seconds)" "$bytes")"
  finish "$server"
}

# flood ADDRESS BYTES SECONDS [PER_SECOND]: sets sent and received (counts) and rate (received per second).
flood() {
  local receiver took
  exec_on bob "$bench_build/flood" receive "$1" 7002 >"$work/received" 2>&1 &
  receiver=$!
  await 5 "the receiver on bob" on bob sh -c "ss -Hlnu 'sport = :7002' | grep -q ."
  on alice "$bench_build/flood" send "$1" 7002 "$2" "$3" ${4:+"$4"} >"$work/sent" || { finish "$receiver"; return 1; }
  wait "$receiver" || return 1
  read -r _ sent _ <"$work/sent"
  read -r _ received took <"$work/received"
  [ "$received" -gt 1 ] || return 1
  rate=$(calculate 'a / b' "$received" "$took")
}

# udp_flood BYTES: as fast as the sender can; thousands received per second, CPU µs for each.
udp_flood() {
  local before sent received rate
  before=$(cpu_seconds)
  flood "$(target "$2")" "$1" "$seconds" || return 1
  record "$3" "$(calculate 'a / 1e3' "$rate")"
  record "$3.sent" "$(calculate 'a / b / 1e3' "$sent" "$seconds")"
  [ "$implementation" = veth ] || record "$3.cpu" "$(calculate '(b - a) / c * 1e6' "$before" "$(cpu_seconds)" "$received")"
}

# udp_search BYTES: the highest rate of which at most 0.1% is lost, in Gbit/s of payload. Starts from what
# arrives of a flood, goes up or down by half until it meets the limit, then bisects. A rate is refused
# only when a second run at it loses too much as well.
udp_search() {
  local address sent received rate low=0 high=0 try best=0 stale=0
  address=$(target "$2")
  flood "$address" "$1" 1 || return 1
  try=$rate
  for _ in $(seq 12); do
    if keeps_rate "$address" "$1" "$try"; then
      low=$try
      # A sender at its own end keeps every rate and sends no more.
      if holds 'a < 1.02 * b' "$rate" "$best"; then stale=$((stale + 1)); else stale=0; fi
      [ "$stale" -lt 2 ] || break
      best=$(calculate 'a > b ? a : b' "$rate" "$best")
    else
      high=$try
    fi
    if [ "$high" = 0 ]; then try=$(calculate 'a * 1.5' "$try")
    elif [ "$low" = 0 ]; then try=$(calculate 'a / 1.5' "$try")
    elif holds 'a / b < 1.06' "$high" "$low"; then break
    else try=$(calculate 'sqrt(a * b)' "$low" "$high"); fi
  done
  record "$3" "$(calculate 'a * b * 8 / 1e9' "$best" "$1")"
}
keeps_rate() {
  for _ in 1 2; do
    flood "$1" "$2" "${SEARCH_SECONDS:-1}" "$3" || continue
    [ -z "${VERBOSE:-}" ] || say "at $3: $received of $sent" >&2
    ! holds 'a >= 0.999 * b' "$received" "$sent" || return 0
  done
  return 1
}

# pings FIGURE ADDRESS COUNT INTERVAL: median and 99th percentile, in µs.
pings() {
  local times=$work/pings
  on alice ping -i "$4" -c "$3" "$2" >"$work/ping.out" || return 1
  sed -n 's/.*time=\([0-9.]*\) ms/\1/p' "$work/ping.out" | sort -n >"$times"
  record "$1.p50" "$(awk '{ v[NR] = $1 } END { print 1000 * v[int((NR - 1) * 0.5 + 0.5) + 1] }' "$times")"
  record "$1.p99" "$(awk '{ v[NR] = $1 } END { print 1000 * v[int((NR - 1) * 0.99 + 0.5) + 1] }' "$times")"
}

# pings_often ADDRESS: 5000 each second, and CPU µs for each.
pings_often() {
  local count=4000 before
  before=$(cpu_seconds)
  pings pingoften "$1" "$count" 0.0002 || return 1
  [ "$implementation" = veth ] || record pingoften.cpu "$(calculate '(b - a) / c * 1e6' "$before" "$(cpu_seconds)" "$count")"
}

sent_bytes() { on alice ip -s -j link show dev eth0 | jq '.[0].stats64.tx.bytes'; }

# UDP super-packets of 40 * 1372 bytes are sent into the tunnel without pause, and bob's end of the veth
# drops the bulk before the kernel has to copy it for a local receiver, as a network card that fetches
# the bytes itself would spare the copy: CPU seconds of alice's tunnel process per gigabyte on the wire.
send_only() {
  local before bytes
  # The handshake's datagrams pass; they are short.
  on bob nft -f - <<'NFT'
table netdev bulk {
  chain arriving {
    type filter hook ingress device "eth0" priority 0
    udp length > 1000 drop
  }
}
NFT
  bytes=$(sent_bytes) before=$(cpu_seconds alice)
  on alice python3 - "${inner4[bob]}" "$seconds" <<'PYTHON'
import socket, sys, time
SOL_UDP, UDP_SEGMENT = 17, 103
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(SOL_UDP, UDP_SEGMENT, 1372)
sender.connect((sys.argv[1], 9))
burst, end = bytes(40 * 1372), time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    for _ in range(64):
        sender.send(burst)
PYTHON
  record send.cpu "$(calculate '(b - a) / c * 1e9' "$before" "$(cpu_seconds alice)" "$(($(sent_bytes) - bytes))")"
  on bob nft delete table netdev bulk
}

ping_under_load() {
  local address=$1 client status=0
  iperf3_server "$address"
  # Longer than the pings take, whatever the kernel's tick makes of their interval; then it is ended.
  iperf3_client "$address" 25 >"$work/load.json" &
  client=$!
  sleep 0.7
  pings pingload "$address" 400 0.01 || status=1
  kill -0 "$client" 2>/dev/null || status=1
  finish "$client"
  finish "$server"
  return "$status"
}

# The larger of both ends, at its peak since the start, in MiB.
peak_memory() {
  local pid
  [ "$implementation" != veth ] || return 0
  record rss "$(for pid in $(tunnel_pids); do awk '/^VmHWM/ { print $2 / 1024 }' "/proc/$pid/status"; done | sort -n | tail -n 1)"
}

# measure FIGURE: the names are those of the list in compare.sh.
measure() {
  local family=4 v6=-
  if [[ $1 == *v6 ]]; then family=6 v6=v6; fi
  peer_carries "$implementation" "$family" || return 0
  if [[ $1 =~ ^tcp([0-9]+)(r?)(v6)?$ ]]; then tcp "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]:--}" "$v6" "$1"; return; fi
  case $1 in
    udp64 | udp64v6) udp_flood 64 "$v6" "$1" ;;
    udp1400 | udp1400v6) udp_search 1400 "$v6" "$1" ;;
    ping) pings ping "${inner4[bob]}" 400 0.005 ;;
    pingoften) pings_often "${inner4[bob]}" ;;
    send) send_only ;;
    pingload) ping_under_load "${inner4[bob]}" ;;
    rss) peak_memory ;;
    *) die "there is no figure '$1'" ;;
  esac
}
