#!/usr/bin/env bash
# Unpacks Debian's own kernel and says where: DIR/boot/vmlinuz-VERSION and DIR/lib/modules, where DIR ends in VERSION.
#   kernel.sh
# The newest of this Debian's package repository, or PCG_GUEST_KERNEL=6.1.0-56-amd64.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "${1:-}" != --help ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0; }

newest() { apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: linux-image-//p'; }
version=${PCG_GUEST_KERNEL:-$(newest)}
if [ -z "$version" ]; then
  apt-get update -qq
  version=$(newest)
fi
[ -n "$version" ] || { echo "kernel.sh: the package repository has no linux-image-amd64" >&2; exit 1; }
root=$PWD/build/guest/$version

if [ ! -e "$root/ready" ]; then
  echo "guest: unpacking Debian's kernel $version" >&2
  rm -rf "$root"
  mkdir -p "$root/package"
  (cd "$root/package" && apt-get download -qq "linux-image-$version" 2>/dev/null) ||
    { echo "kernel.sh: apt-get cannot download linux-image-$version; try apt-get update" >&2; exit 1; }
  dpkg-deb -x "$root"/package/*.deb "$root"
  depmod -b "$root" "$version"
  touch "$root/ready"
fi
echo "$root"
