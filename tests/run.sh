#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. As root nothing may be skipped.
#
#   tests/run.sh                 all of them
#   tests/run.sh STAGE...        some of: release asan fuzz tsan tidy
#
# release  g++ 12; every test, the namespace and interop tests included; the fuzz corpora replayed
# asan     all but the namespace and interop tests, under AddressSanitizer and UBSan
# fuzz     every fuzz target for FUZZ_SECONDS (default 10) from its corpus, with libFuzzer (in the build of asan)
# tsan     the tests of the threaded parts under ThreadSanitizer
# tidy     clang-tidy over the program (not its tests); whether each of its files compiles alone
set -euo pipefail
cd "$(dirname "$0")/.."

stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(release asan fuzz tsan tidy)

netns-scripts/setup.sh test
export CCACHE_DIR="${CCACHE_DIR:-$PWD/build/ccache}" CTEST_OUTPUT_ON_FAILURE=1
jobs=$(nproc)
started=$SECONDS

say() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - started)); }

configure() { # PRESET
  cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log"; exit 1; }
}

build() { # PRESET [TARGET...]
  local preset=$1
  shift
  say "build: $preset"
  configure "$preset"
  cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"} >"build/$preset.build.log" 2>&1 ||
    { grep -E 'error|warning|FAILED' -A 12 "build/$preset.build.log" | tail -n 120; exit 1; }
}

# Runs ctest; as root a skipped test is a failure, since the machine can run it.
run_tests() { # PRESET NAME CTEST-ARGUMENTS...
  local log=build/$1.tests.$2.log folder=build/$1
  say "tests: $1, $2"
  shift 2
  ctest --test-dir "$folder" --no-tests=error "$@" 2>&1 | tee "$log"
  if [ "$(id -u)" -eq 0 ] && grep -qE '\*\*\*Skipped|\(Skipped\)' "$log"; then
    echo "run.sh: tests were skipped though this is root" >&2
    exit 1
  fi
}

# clang-tidy over the compile commands of a preset, which need not have been built. Every finding is an
# error and is printed.
tidy() { # PRESET NAME FILES-REGEX [ARGUMENT...]
  local preset=$1 log=build/tidy.$2.log files=$3
  say "clang-tidy: $2"
  shift 3
  configure "$preset"
  { run-clang-tidy-19 -quiet -j "$jobs" -p "build/$preset" "$@" "$files" >"$log" 2>&1 &&
    ! grep 'clang-tidy for 0 files' "$log"; } ||
    { grep -E '(error|warning): |Error' -A 6 "$log" || tail -n 40 "$log"; exit 1; }
}

# Runs one fuzz target from its corpus; what it found is printed where it found anything.
fuzz() { # NAME
  local name=$1 found=build/asan/found log=build/asan/fuzz.$1.log
  mkdir -p "$found/$name"
  "build/asan/tests/fuzz/fuzz_$name" -max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$found/$name-" "$found/$name" "tests/fuzz/corpus/$name" \
    >"$log" 2>&1 || { printf '%s:\n' "$name"; tail -n 40 "$log"; return 1; }
  printf '%s: %s\n' "$name" "$(grep -E '^(Done|#[0-9]+.*DONE)' "$log" | tail -n 1)"
}

mkdir -p build
for stage in "${stages[@]}"; do
  case $stage in
    release)
      build release
      run_tests release unit -LE 'interop|netns' -j "$jobs" --repeat until-pass:2
      # Mostly waiting: more at once than there are cores. The bulk transfers run alone afterwards. Some
      # ask for times and for no loss at all, and a thread that the machine keeps from running for longer
      # than a queue takes to fill loses packets (a failing test prints where): a busy machine gets
      # another try, and the log shows that it took one.
      run_tests release namespaces -L 'interop|netns' -LE 'heavy' -j $((jobs + 2)) --repeat until-pass:2
      run_tests release heavy -L heavy -j 1 --repeat until-pass:2 ;;
    asan)
      build asan
      ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 \
        UBSAN_OPTIONS=print_stacktrace=1 WARREN_SIM_SEEDS="${WARREN_SIM_SEEDS:-3}" \
        run_tests asan unit -LE 'interop|netns' -j "$jobs" ;;
    tsan)
      build tsan threaded_tests
      run_tests tsan threaded -L threaded -j "$jobs" ;;
    tidy)
      # As they are compiled together: most of clang-tidy's time goes into headers as well.
      tidy asan together "^$PWD/(build/asan/)?src/" -checks=-bugprone-suspicious-include
      # What is seen only where no other file precedes: an include that is missing, a needless using.
      tidy clang alone "^$PWD/src/" \
        -checks='-*,clang-diagnostic-*,misc-unused-using-decls,bugprone-suspicious-include' ;;
    fuzz)
      build asan fuzz_targets
      say "fuzz: ${FUZZ_SECONDS:-10} s each"
      export -f fuzz
      find build/asan/tests/fuzz -maxdepth 1 -name 'fuzz_*' -executable -printf '%f\n' | sed 's/^fuzz_//' | sort |
        xargs -P "$jobs" -I NAME bash -euo pipefail -c 'fuzz NAME' ;;
    *) echo "run.sh: unknown stage $stage" >&2; exit 2 ;;
  esac
done
say "all passed"
