#!/usr/bin/env bash
# Builds the appliance's image with QEMU, from nothing but a Debian 12 with Node and npm. As root.
#   image.sh [--if-changed] [--prepare] [--pinned FILE] [--fresh]
#     --if-changed   not at all, where the image is of what is here now
#     --prepare      only what Packer needs (upload.tar), for a build on AWS
#     --pinned FILE  exactly the package versions that an earlier build wrote to packages.txt, or none
#     --fresh        makes Debian's base again, which is otherwise kept as long as its packages are the same list
# In build/image: pcg-VERSION.qcow2 and .bundle, SHA256SUMS, packages.txt, files.txt, sbom.cdx.json.
# PCG_MIRROR names another mirror of Debian, PCG_SIGNING_KEY the private key that signs bundles.
set -euo pipefail
cd "$(dirname "$0")/.."

if_changed='' prepare='' pinned='' fresh=''
while [ $# -gt 0 ]; do
  case "$1" in
    --if-changed) if_changed=1; shift ;;
    --prepare) prepare=1; shift ;;
    --pinned) pinned=${2:?image.sh: --pinned needs a file}; shift 2 ;;
    --fresh) fresh=1; shift ;;
    --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "image.sh: unknown option $1 (--help lists them)" >&2; exit 2 ;;
  esac
done

version=${PCG_VERSION:-$(node -p 'require("./package.json").version')}
built_at=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
out=build/image
work=$out/work
image=$out/pcg-$version.qcow2
sources=$(find src packer appliance package.json package-lock.json -type f -not -name '*.test.ts' -print0 | sort -z |
  xargs -0 sha256sum | sha256sum)
if [ -n "$if_changed" ] && [ -e "$image" ] && [ "$(cat "$out/made-from" 2>/dev/null)" = "$sources" ]; then
  echo "built already: $image"
  exit 0
fi
limit=$((250 * 1000 * 1000))
mkdir -p "$out"
rm -rf "$work"
mkdir -p "$work"

started=$SECONDS stepped=$SECONDS
step() {
  [ -z "${current:-}" ] || printf '  %4d s  %s\n' $((SECONDS - stepped)) "$current"
  current=$1 stepped=$SECONDS
  [ -z "$1" ] || printf '[%4d s] %s …\n' $((SECONDS - started)) "$1"
}
fail() { printf 'image: %s\n' "$*" >&2; exit 1; }
# Runs silently; says all when it goes wrong.
quietly() {
  "$@" >"$work/log" 2>&1 || { tail -40 "$work/log" >&2; fail "$1 failed (whole log: $work/log)"; }
}

step "set-up: packages, npm modules, eBPF objects"
bash appliance/setup.sh --quiet --with image

step "product: bundles, Node, native modules"
quietly bash packer/product.sh "$work/product" "$version"
quietly mksquashfs "$work/product" "$work/product.squashfs" -quiet -no-progress -all-root -comp zstd \
  -Xcompression-level 12 -mkfs-time "$built_at" -all-time "$built_at"

# Whoever signs releases has a key; a build without one makes its own, and its boxes trust that.
signing=${PCG_SIGNING_KEY:-build/keys/upgrade.pem}
if [ ! -e "$signing" ]; then
  mkdir -p "$(dirname "$signing")"
  (umask 077 && openssl genpkey -algorithm ed25519 -out "$signing")
fi

mkdir -p "$work/upload"
cp -r appliance/rootfs "$work/upload/rootfs"
mkdir -p "$work/upload/rootfs/usr/share/pcg/upgrade-keys"
openssl pkey -in "$signing" -pubout -out "$work/upload/rootfs/usr/share/pcg/upgrade-keys/build.pem"
chmod -R go=rX "$work/upload/rootfs/usr/share/pcg"
cp packer/packages.txt appliance/boot/grub.cfg "$work/product.squashfs" "$work/upload/"
tar -c -C "$work/upload" --owner=0 --group=0 --numeric-owner -f "$out/upload.tar" .
if [ -n "$prepare" ]; then
  step ''
  echo "ready: $out/upload.tar"
  exit 0
fi

# The disk Packer starts from; kept under the digest of all that it is made of.
[ -e "$out/key" ] || ssh-keygen -q -t ed25519 -N '' -C 'build of an image' -f "$out/key"
mirror=${PCG_MIRROR:-http://deb.debian.org}
if [ -n "$pinned" ]; then
  [ -e "$pinned" ] || fail "$pinned does not exist"
  mirror=${PCG_MIRROR:-http://snapshot.debian.org/archive $(sed -n 's/^# snapshot //p' "$pinned")}
fi
digest=$( (cat packer/packages.txt packer/base/* "$out/key.pub" $(find appliance/rootfs -path "*initramfs-tools*" -type f | sort) ${pinned:+"$pinned"}; echo "$mirror") | sha256sum | cut -c1-12)
base=$out/base-$digest.raw
if [ -n "$fresh" ] || [ ! -e "$base" ]; then
  step "base: Debian 12 on a disk"
  rm -f "$out"/base-*.raw
  quietly bash packer/base/root.sh "$work/root" "$out/key.pub" "$mirror"
  quietly bash packer/base/disk.sh "$work/root" "$work/base.raw" "$(cat /proc/sys/kernel/random/uuid)"
  rm -rf "$work/root"
  mv "$work/base.raw" "$base"
fi

step "packer: install and seal in an emulated machine"
template=packer
if [ -e packer/compat.sh ]; then
  template=$work/template
  bash packer/compat.sh "$template"
fi
PACKER_CACHE_DIR=$out/cache CHECKPOINT_DISABLE=1 packer build -color=false -timestamp-ui -only=qemu.pcg \
  -var "root=." -var "version=$version" -var "built_at=$built_at" -var "source_commit=$commit" -var "upload=$out/upload.tar" \
  -var "artifacts=$work/artifacts.tar" -var "base_image=$base" -var "ssh_key=$out/key" -var "out=$work/packer" \
  "$template" >"$work/packer.log" 2>&1 || { tail -40 "$work/packer.log" >&2; fail "packer failed (console: $work/packer.console)"; }
grep -o 'qemu.pcg: · .*' "$work/packer.log" | sed 's/^qemu.pcg: /            /' || true

step "image: compress, measure"
mkdir -p "$work/slot"
tar -x -C "$work/slot" -f "$work/artifacts.tar"
qemu-img convert -c -O qcow2 -o compression_type=zstd "$work/packer/pcg.qcow2" "$image"
bytes=$(stat -c %s "$image")
[ "$bytes" -le "$limit" ] || fail "$image has $bytes bytes, more than the $limit it may"

step "lists: packages, files, SBOM, bundle"
snapshot=$(date -u +%Y%m%dT%H%M%SZ)
[ -z "$pinned" ] || snapshot=$(sed -n 's/^# snapshot //p' "$pinned")
{ echo "# snapshot $snapshot"; cut -f1,2 "$work/slot/packages.tsv" | tr '\t' '='; } >"$work/packages.txt"
if [ -n "$pinned" ] && ! diff <(grep -v '^#' "$pinned") <(grep -v '^#' "$work/packages.txt") >"$work/difference"; then
  cat "$work/difference" >&2
  fail "the packages are not those of $pinned (see above: < asked for, > got)"
fi
mv "$work/packages.txt" "$out/packages.txt"
{
  unsquashfs -lln "$work/slot/root.squashfs" | sed -n 's|squashfs-root||p'
  unsquashfs -lln -d opt/pcg "$work/slot/product.squashfs" | sed -n 's|opt/pcg|/opt/pcg|p'
} >"$out/files.txt"
node_modules/.bin/node packer/make-sbom.edge.ts --version "$version" --built-at "$built_at" "$work/slot/packages.tsv" \
  package-lock.json >"$out/sbom.cdx.json"
told() { node -p "require('./$work/slot/manifest.json').$1"; }
quietly node_modules/.bin/node src/bin/pcg-upgrade.ts pack --slot "$work/slot" --version "$version" \
  --kernel "$(told kernel)" --built-at "$(told builtAt)" --key "$signing" --out "$out/pcg-$version.bundle"
(cd "$out" && sha256sum pcg-"$version".* packages.txt files.txt sbom.cdx.json >SHA256SUMS)

step ''
rm -rf "$work"
printf '%s' "$sources" >"$out/made-from"
printf 'built in %d s: %s, %d MB\n' $((SECONDS - started)) "$image" $((bytes / 1000000))
