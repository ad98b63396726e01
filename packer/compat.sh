#!/usr/bin/env bash
# A copy of the templates for Packer 1.6.6, the last under a free licence in Debian: without what newer ones know, which
# stands between lines "#@modern{" and "#@modern}".
#   compat.sh OUT
set -euo pipefail

case "${1:-}" in
  --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
  "" | -*) echo "compat.sh: say where to: compat.sh OUT" >&2; exit 2 ;;
esac
out=$1
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$out"
rm -f "$out"/*.pkr.hcl
for template in "$here"/*.pkr.hcl; do
  opened=$(grep -c '#@modern{' "$template" || true)
  closed=$(grep -c '#@modern}' "$template" || true)
  [ "$opened" = "$closed" ] || { echo "compat.sh: $template opens $opened and closes $closed regions" >&2; exit 1; }
  sed '/#@modern{/,/#@modern}/d' "$template" >"$out/${template##*/}"
done
