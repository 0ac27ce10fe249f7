#!/usr/bin/env bash
# package.sh BUILD-FOLDER: the Debian package names the libraries it needs, dpkg installs it into an
# empty root, its programs run from there, and nothing is left when it is removed.
set -euo pipefail
build=$1
for tool in cpack dpkg dpkg-shlibdeps; do
  command -v "$tool" >/dev/null || { echo "SKIPPED: needs $tool"; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "SKIPPED: needs root: dpkg gives files to root"; exit 77; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work" >"$work/cpack.log" 2>&1 ||
  fail "cpack: $(cat "$work/cpack.log")"
package=$(echo "$work"/*.deb)
depends=$(dpkg-deb --field "$package" Depends)
for library in libc6 libsodium23 liburing2; do
  [[ $depends == *"$library "* ]] || fail "it does not depend on $library: $depends"
done

root=$work/root
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/var/log"
touch "$root/var/lib/dpkg/status"
# The libraries are this machine's: the empty root has none.
in_root() { dpkg --root="$root" --force-depends "$@" >"$work/dpkg.log" 2>&1 || fail "dpkg $*: $(cat "$work/dpkg.log")"; }
in_root --install "$package"
for program in warren warren-wg; do
  "$root/usr/bin/$program" --version | grep -q '[0-9]\.[0-9]' || fail "$program --version: $("$root/usr/bin/$program" --version)"
done
"$root/usr/bin/warren" genkey | "$root/usr/bin/warren" pubkey | grep -q '=$' || fail "genkey | pubkey"
for file in share/man/man1/warren.1 share/bash-completion/completions/warren lib/systemd/system/warren@.service; do
  [ -s "$root/usr/$file" ] || fail "no $file"
done
in_root --purge warren
[ ! -e "$root/usr" ] || fail "left behind: $(find "$root/usr")"
printf 'passed: %s\n' "$(basename "$package")"
