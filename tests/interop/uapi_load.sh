#!/usr/bin/env bash
# Large configurations through `wg setconf`: 1,000 peers with 10 networks each in under a second and
# under 64 MiB, 100,000 allowed IPs in under two seconds.
# shellcheck source-path=SCRIPTDIR source=../support/own_world.sh
. "$(dirname "$(realpath "$0")")/../support/own_world.sh"

# peers COUNT NETWORKS: a configuration; the keys need only be 32 bytes.
peers() {
  awk -v count="$1" -v networks="$2" 'BEGIN {
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
    for (p = 0; p < count; p++) {
      key = ""
      for (v = p + 1; v > 0; v = int(v / 32)) key = substr(digits, v % 32 + 1, 1) key
      while (length(key) < 42) key = "g" key
      printf "[Peer]\nPublicKey = %sE=\nEndpoint = 192.0.2.1:%d\nAllowedIPs = ", key, p % 60000 + 1
      for (n = 0; n < networks; n++) {
        i = p * networks + n
        printf "%s10.%d.%d.%d/32", n ? ", " : "", int(i / 65536), int(i / 256) % 256, i % 256
      }
      printf "\n"
    }
  }'
}
# timed NAME FILE LIMIT_MS
timed() {
  local start took
  start=$(ms)
  wg setconf ctl0 "$2"
  took=$(($(ms) - start))
  note "$1: $took ms"
  [ "$took" -lt "$3" ] || fail "$1 took $took ms, more than $3"
}

warren-wg ctl0
ip link set ctl0 up
peers 1000 10 >thousand.conf
peers 10 10000 >networks.conf
timed "1,000 peers with 10 networks each" thousand.conf 1000
[ "$(wg show ctl0 peers | wc -l)" = 1000 ] || fail "not all peers are there"
[ "$(wg show ctl0 allowed-ips | grep -o / | wc -l)" -ge 10000 ] || fail "not all networks are there"
rss_kib=$(awk '/^VmRSS/ {print $2}' "/proc/$(pgrep -x warren-wg)/status")
note "resident: $((rss_kib / 1024)) MiB"
[ "$rss_kib" -lt 65536 ] || fail "$rss_kib KiB are resident, more than 64 MiB"
timed "100,000 allowed IPs" networks.conf 2000
[ "$(wg show ctl0 allowed-ips | tr -s '[:space:]' '\n' | grep -c /32)" = 100000 ] || fail "not all networks are there"
ip link delete ctl0
