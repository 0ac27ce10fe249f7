# shellcheck shell=bash
# What every test in shell says and waits with. Exit status of a test: 0 passed, 77 skipped with the
# reason, else failed.
# A lab's verdicts are this test's, not annotations of the job that runs it.
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY GITHUB_WORKSPACE

skip() { printf 'SKIPPED: %s\n' "$*"; exit 77; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
note() { printf -- '- %s\n' "$*"; }
ms() { echo $(($(date +%s%N) / 1000000)); }

# Gone, or waiting for a parent to ask about it (for ever, where process 1 does not).
process_ended() { ! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]; }

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
