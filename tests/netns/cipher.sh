#!/usr/bin/env bash
# AES-256-GCM at both ends: every kind of traffic passes, status says so, and a reload does not change
# the cipher under a running tunnel.
#
#     alice (aes-256-gcm)  <== tunnel ==>  bob (aes-256-gcm)
# shellcheck source-path=SCRIPTDIR source=../support/testlib.sh
. "$(dirname "$0")/../support/testlib.sh"
topology two-hosts

"$WARREN" doctor --json |
  jq -e '.checks[] | select(.what == "cipher aes-256-gcm") | .health == "works"' >/dev/null ||
  skip "this CPU has no AES instructions"
export CIPHER_alice=aes-256-gcm CIPHER_bob=aes-256-gcm
up
ping_through alice 10.8.0.2
ping_through bob fd08::1 -s 1400
transfer tcp alice bob 10.8.0.2 67108864
transfer tcp bob alice fd08::1 67108864
transfer udp alice bob 10.8.0.2 4194304

for host in alice bob; do
  [ "$(on $host "$WARREN" status wr0 --json | jq -r .interface.cipher)" = aes-256-gcm ] ||
    fail "$host's status does not name the cipher"
  on $host "$WARREN" status wr0 >"$state/status.out"
  grep -q '^  cipher: aes-256-gcm$' "$state/status.out" || fail "$host's status: $(cat "$state/status.out")"
done
note "status names the cipher; the backend is $(sed -n 's/^  aead: //p' "$state/status.out")"

sed -i 's/^cipher = .*/cipher = "chacha20-poly1305"/' "$state/alice.wr0.toml"
if on alice "$WARREN" reload wr0 >"$state/reload.out" 2>&1; then fail "a reload changed the cipher"; fi
grep -q 'cipher cannot be changed' "$state/reload.out" || fail "reload: $(cat "$state/reload.out")"
note "$(head -n 1 "$state/reload.out")"
ping_through alice 10.8.0.2

# Taken down and up again, alice is of another cipher than bob.
stop alice
start alice
if on alice ping -q -c 1 -W 2 10.8.0.2 >/dev/null; then fail "ends of different ciphers exchange packets"; fi
note "nothing passes between different ciphers"
