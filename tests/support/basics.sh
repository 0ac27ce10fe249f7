# shellcheck shell=bash
# What every test in shell says and waits with. Exit status of a test: 0 passed, 77 skipped with the
# reason, else failed.
skip() { printf 'SKIPPED: %s\n' "$*"; exit 77; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
note() { printf -- '- %s\n' "$*"; }
ms() { echo $(($(date +%s%N) / 1000000)); }

# within_quietly SECONDS COMMAND...: repeats the command until it succeeds; false after that time.
within_quietly() {
  local end=$(($(ms) + $1 * 1000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(ms)" -lt "$end" ] || return 1
    sleep 0.02
  done
}

# within SECONDS WHAT COMMAND...: the same for what must happen; fails after that time.
within() {
  local seconds=$1 what=$2
  shift 2
  within_quietly "$seconds" "$@" || fail "$what: not in time"
  note "$what"
}
