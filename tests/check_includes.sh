#!/usr/bin/env bash
# Module boundaries, as docs/ARCHITECTURE.md has them: which module may include which, and which
# foreign headers only one module may see. The link enforces the first as well; this names the line.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A may=(
  [base]="" [crypto]="base" [packet]="base" [protocol]="base crypto packet" [system]="base"
  [engine]="base system packet protocol" [config]="base crypto"
  [control]="base system protocol config" [impair]="base packet"
  [lab]="base system engine impair config packet"
  [cli]="base crypto packet protocol system engine config control impair lab"
)
# A protocol header shows keys in its interface, so who may use protocol may name crypto's types.
declare -A also=([engine]="crypto" [control]="crypto" [lab]="crypto")
declare -A owner=(
  [sodium.h]=crypto [blake2.h]=crypto [intel-ipsec-mb.h]=crypto [liburing.h]=engine
  [toml++]=config [netlink]=system [nftables]=system [pcap]=system [bpf]=system [CLI11]=cli [CLI]=cli
  [re2]=lab
)

status=0
complain() { printf '%s\n' "$*" >&2; status=1; }

for module in "${!may[@]}"; do
  allowed=" $module ${may[$module]} ${also[$module]:-} "
  while IFS=: read -r file line text; do
    used=$(sed -n 's/.*[<"]warren\/\([a-z]*\)\/.*/\1/p' <<<"$text")
    [ -n "$used" ] || continue
    [[ $allowed == *" $used "* ]] || complain "$file:$line: $module may not include $used: $text"
  done < <(grep -rn '#include' "src/$module" "include/warren/$module" 2>/dev/null || true)
done

for header in "${!owner[@]}"; do
  while IFS=: read -r file line text; do
    [[ $file == */${owner[$header]}/* ]] ||
      complain "$file:$line: only ${owner[$header]} may include <$header>: $text"
  done < <(grep -rnE "#include <${header}[/.>]" src include || true)
done

[ -n "$(find src -mindepth 2 -name '*.cpp')" ] || complain "found no sources to check"
exit $status
