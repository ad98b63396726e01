#!/usr/bin/env bash
# Debian 12 in a folder: the packages of packer/packages.txt, root let in by ssh with a key of this build.
# Its /boot/initrd.pcg is the appliance's first file system, which would take minutes on an emulated CPU.
#   root.sh FOLDER PUBLIC_KEY [MIRROR]
set -euo pipefail
[ "${1:-}" != --help ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0; }
root=$(realpath -m "$1") key=$(realpath "$2") mirror=${3:-http://deb.debian.org}
cd "$(dirname "$0")/.."

packages=$(sed 's/#.*//' packages.txt | xargs | tr ' ' ,)
rm -rf "$root"
# Documentation and translations are left out of the sealed image anyway; the licences are kept.
mmdebstrap --quiet --mode=root --variant=minbase --format=directory --include="$packages" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --customize-hook='install -D -m 600 '"$key"' "$1/root/.ssh/authorized_keys"' \
  --customize-hook='upload base/dhcp.network /etc/systemd/network/99-build.network' \
  --customize-hook='upload base/fstab /etc/fstab' \
  --customize-hook='mkdir -p "$1/boot/grub"' --customize-hook='upload base/grub.cfg /boot/grub/grub.cfg' \
  --customize-hook='chroot "$1" systemctl --quiet enable systemd-networkd' \
  --customize-hook='copy-in ../appliance/rootfs/usr/share/initramfs-tools /usr/share' \
  --customize-hook='copy-in ../appliance/rootfs/etc/initramfs-tools /etc' \
  --customize-hook='chroot "$1" env SOURCE_DATE_EPOCH=1704067200 sh -c "mkinitramfs -o /boot/initrd.pcg \$(ls /lib/modules)"' \
  bookworm "$root" \
  "deb $mirror/debian bookworm main" \
  "deb $mirror/debian bookworm-updates main" \
  "deb $mirror/debian-security bookworm-security main"
