#!/usr/bin/env bash
# Every shell script is shellcheck-clean.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v shellcheck >/dev/null || { echo "SKIPPED: shellcheck is not installed"; exit 77; }
mapfile -t scripts < <(find netns-scripts tests .ci -name '*.sh' -o -path '.ci/run' | sort)
[ ${#scripts[@]} -ge 10 ] || { echo "found only ${#scripts[@]} scripts"; exit 1; }
shellcheck -x "${scripts[@]}"
