#!/usr/bin/env bash
# What each setting of [engine] costs or gains: compare.sh with variants of Warren, and the ratios to the
# one with the defaults.
#
#   tests/bench/engine_options.sh [KEY=VALUE...]    e.g. zero_copy=true
#   ROUNDS, SECONDS_EACH, FIGURES and OUT as for compare.sh
set -euo pipefail
settings=("$@")
[ $# -gt 0 ] || settings=(zero_copy=true busy_poll_us=50 aead=libsodium tun_offload=tso tun_offload=none
  udp_offload=none)
export PEERS="warren ${settings[*]/#/warren+}" BASE=warren CONDITIONS=${CONDITIONS:-1500}
export FIGURES=${FIGURES:-ping pingoften tcp1 send}
exec "$(dirname "${BASH_SOURCE[0]}")/compare.sh"
