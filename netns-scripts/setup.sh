#!/usr/bin/env bash
# Installs what Warren needs on Debian 12 and is not there yet. Safe to run again: it asks dpkg first
# and touches apt only for what is missing.
#
#   netns-scripts/setup.sh build         what it takes to build and run Warren
#   netns-scripts/setup.sh demo          that, and what the topologies here use
#   netns-scripts/setup.sh test          that, and every tool and peer the tests use
#   netns-scripts/setup.sh bench         that, and the peers of tests/bench/compare.sh
set -euo pipefail

build_packages=(
  g++ cmake ninja-build ccache pkg-config
  liburing-dev libsodium-dev libb2-dev libtomlplusplus-dev libcli11-dev
  libfmt-dev libspdlog-dev nlohmann-json3-dev libnl-3-dev libnl-route-3-dev
  libnftables-dev libbpf-dev libre2-dev
)
demo_packages=(
  iproute2 iptables iputils-ping iputils-arping iperf3 tcpdump wireguard-tools jq ethtool procps
  busybox psmisc conntrack
)
test_packages=(
  clang-19 clang-tidy-19 libclang-rt-19-dev lld-19 llvm-19 shellcheck python3 python3-jsonschema openssl tshark dpkg-dev
  file man-db bash-completion strace git libbenchmark-dev nftables
  libxml2-utils graphviz
)
bench_packages=(nebula fastd openvpn)
# From bookworm-backports: Catch2 3 is not in bookworm, and its wireguard-go predates segmentation offload.
demo_backports=()
test_backports=(catch2 wireguard-go)

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 3; }

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# from_backports PACKAGE: true where the installed version already comes from backports or later.
from_backports() {
  local version
  version=$(dpkg-query -W -f='${Version}' "$1" 2>/dev/null) || return 1
  case "$1" in
    catch2) dpkg --compare-versions "$version" ge 3 ;;
    wireguard-go) dpkg --compare-versions "$version" ge 0.0.20230223 ;;
    *) true ;;
  esac
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "installing packages needs root: run this as root, or install sudo"; fi
}

# add_backports: adds the suite, with the mirror copied from the apt source that is already there.
add_backports() {
  apt-cache policy 2>/dev/null | grep -q 'bookworm-backports/main' && return 0
  local uri
  # Either form of source may not be there.
  uri=$({ sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true; } |
    { grep -v security || true; } | head -n 1)
  [ -n "$uri" ] || uri=$({ sed -n 's/^deb[[:space:]]\+\(\[[^]]*\][[:space:]]\+\)\?\([^[:space:]]*\)[[:space:]]\+bookworm[[:space:]].*/\2/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } | head -n 1)
  [ -n "$uri" ] || die "found no Debian mirror in /etc/apt to copy for bookworm-backports"
  say "adding the bookworm-backports suite"
  printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
    "$uri" | as_root tee /etc/apt/sources.list.d/bookworm-backports.sources >/dev/null
}

want=("${build_packages[@]}")
want_backports=()
case "${1:-build}" in
  build) ;;
  demo) want+=("${demo_packages[@]}"); want_backports+=("${demo_backports[@]}") ;;
  test | bench)
    want+=("${demo_packages[@]}" "${test_packages[@]}")
    want_backports+=("${demo_backports[@]}" "${test_backports[@]}")
    [ "$1" = test ] || want+=("${bench_packages[@]}") ;;
  *) die "usage: setup.sh build|demo|test|bench" ;;
esac
# The multi-buffer crypto library exists on x86-64 only; elsewhere libsodium does the work.
[ "$(dpkg --print-architecture)" = amd64 ] && want+=(libipsec-mb-dev)

missing=()
for p in "${want[@]}"; do installed "$p" || missing+=("$p"); done
missing_backports=()
for p in "${want_backports[@]}"; do from_backports "$p" || missing_backports+=("$p"); done

if [ ${#missing[@]} -eq 0 ] && [ ${#missing_backports[@]} -eq 0 ]; then exit 0; fi
export DEBIAN_FRONTEND=noninteractive
[ ${#missing_backports[@]} -eq 0 ] || add_backports
say "installing ${missing[*]} ${missing_backports[*]}"
as_root apt-get update -qq
# Retries: a mirror that drops one connection must not fail a whole test run.
install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -y -qq --no-install-recommends install "$@" >/tmp/warren-setup.$$ 2>&1 || { cat /tmp/warren-setup.$$ >&2; die "apt-get could not install $*"; }; rm -f /tmp/warren-setup.$$; }
[ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
[ ${#missing_backports[@]} -eq 0 ] || install -t bookworm-backports "${missing_backports[@]}"
