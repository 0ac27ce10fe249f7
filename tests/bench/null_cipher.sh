#!/usr/bin/env bash
# What is installed has no null cipher: neither a program for it nor one that names it. The benchmark's
# own program does name it, which proves that the question is the right one.
#
#   null_cipher.sh BUILD-FOLDER WARREN-NULL
set -euo pipefail
build=$1 null=$2
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$build" --prefix "$prefix" >/dev/null

backends() { { "$1" doctor || true; } | grep 'AEAD backend' || fail "$1 doctor names no AEAD backend"; }
[[ $(backends "$null") == *null* ]] || fail "$null has no null cipher"
[[ $(backends "$prefix/bin/warren") != *null* ]] || fail "the installed warren has a null cipher"
found=$(find "$prefix" -name '*null*')
[ -z "$found" ] || fail "installed: $found"
