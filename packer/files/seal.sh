#!/usr/bin/env bash
# On the machine that becomes the image, after install.sh: the system is packed into slot a, and at shutdown everything
# else goes: the disk then holds /boot/grub, /slots and a fresh /var. Run by Packer as root, with VERSION and BUILT_AT;
# leaves /var/tmp/artifacts.tar for it to fetch.
set -euo pipefail

say() { printf '· %s\n' "$*"; }
upload=/var/tmp/upload slot=/slots/a out=/var/tmp/artifacts
kernel=$(basename "$(readlink -f /vmlinuz)" | sed 's/^vmlinuz-//')
mkdir -p "$slot" "$out"

say "list of packages"
dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n' >"$out/packages.tsv"

say "kernel $kernel and its first file system"
cp "/boot/vmlinuz-$kernel" "$slot/vmlinuz"
# QEMU's base brings it, made without emulation.
if [ -e /boot/initrd.pcg ]; then cp /boot/initrd.pcg "$slot/initrd.img"; else mkinitramfs -o "$slot/initrd.img" "$kernel"; fi

# What belongs to this machine and not to the image. Packer still needs the ssh keys: they are left out below.
say "cleaning"
rm -rf /etc/systemd/network/99-build.network /etc/hostname
rm -rf /usr/share/{man,locale,info,lintian,bug} /etc/*-
find /usr/share/doc -not -type d -not -name copyright -delete
find /usr/share/doc -type d -empty -delete
: >/etc/machine-id
printf '# /var, / and all else are mounted by the initramfs.\n' >/etc/fstab

# /var of a new box, kept as a tree on the disk and as rules, which give later versions of the image what they add to it.
say "/var"
var=/var.new
mkdir -p "$var"
(cd /var && find . -type d -not -path './tmp/*' -not -path './cache/*' -not -path './lib/apt*' -not -path './lib/dpkg*' \
  -not -path './lib/ucf*' -not -path './lib/systemd/*/*' -not -path './log/*/*' -print0 | tar -c --null --no-recursion -T -) |
  tar -x -C "$var"
ln -s /run "$var/run"
ln -s /run/lock "$var/lock"
{
  printf '# Made by packer/files/seal.sh.\n'
  cd "$var" && find . -mindepth 1 -type d -printf 'd /var/%P %m %u %g -\n' | sort
} >/usr/lib/tmpfiles.d/pcg-var.conf

say "packing /"
mkdir -p /run/whole
mount --bind / /run/whole
rm -f "$slot/root.squashfs"
env -u SOURCE_DATE_EPOCH mksquashfs /run/whole "$slot/root.squashfs" -quiet -no-progress -comp zstd -Xcompression-level 9 \
  -mkfs-time "$SOURCE_DATE_EPOCH" -all-time "$SOURCE_DATE_EPOCH" -wildcards -e \
  'boot/*' 'slots' 'store/*' 'lost+found' 'var/*' 'var.new' 'tmp/*' 'vmlinuz*' 'initrd.img*' \
  'etc/ssh/ssh_host_*' 'root/*' 'root/.*' 'home/*' \
  'usr/lib/udev/hwdb.bin' 'usr/lib/udev/hwdb.d' 'usr/share/initramfs-tools' 'etc/initramfs-tools' 'usr/lib/apt' 'usr/bin/apt*' 'usr/lib/*/libapt-*' 'usr/share/doc-base' 'usr/include'
umount /run/whole
cp "$upload/product.squashfs" "$slot/"

say "manifest"
entry() { printf '    "%s": { "sha256": "%s", "bytes": %s }' "$1" "$(sha256sum "$slot/$1" | cut -d' ' -f1)" "$(stat -c %s "$slot/$1")"; }
{
  printf '{\n  "version": "%s",\n  "builtAt": "%s",\n  "kernel": "%s",\n  "files": {\n' \
    "$VERSION" "$(date -u -d "@$BUILT_AT" +%Y-%m-%dT%H:%M:%SZ)" "$kernel"
  entry vmlinuz; printf ',\n'
  entry initrd.img; printf ',\n'
  entry root.squashfs; printf ',\n'
  entry product.squashfs; printf '\n  }\n}\n'
} >"$slot/manifest.json"

say "boot loader"
disk=$(findmnt -no UUID /)
sed "s/@UUID@/$disk/" "$upload/grub.cfg" >/boot/grub/grub.cfg
environment=$(printf '# GRUB Environment Block\ngood=a\n#')
printf '%s%s' "$environment" "$(printf '#%.0s' $(seq $((1024 - ${#environment}))))" >/boot/grub/grubenv

cp "$slot"/* "$out/"
tar -c -C "$out" -f "$out.tar" .
rm -rf "$out"
chmod 644 "$out.tar"

# systemd-shutdown(8): with an executable /run/initramfs/shutdown it leaves the disk, under /oldroot, and runs that.
# However this machine is stopped, what remains is the image.
say "what is to go at shutdown"
last=/run/initramfs
mount -t tmpfs -o mode=755 tmpfs "$last"
mkdir -p "$last"/{bin,oldroot,proc,sys,dev,run,lib64}
cp /bin/busybox "$last/bin/"
for library in $(ldd /bin/busybox | grep -o '/lib[^ ]*'); do cp -L --parents "$library" "$last/"; done
cat >"$last/shutdown" <<'SCRIPT'
#!/bin/busybox sh
for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || /bin/busybox ln -sf busybox "/bin/$applet"; done
export PATH=/bin
exec >/dev/console 2>&1
for mount in $(sed -n 's|^[^ ]* \(/oldroot/[^ ]*\) .*|\1|p' /proc/mounts | tac); do umount -l "$mount"; done
mount -o remount,rw /oldroot || { echo "image: the disk cannot be written"; sleep 5; poweroff -f; }
cd /oldroot || poweroff -f
for entry in * .[!.]*; do
  case "$entry" in boot | slots | var.new | lost+found) ;; *) rm -rf "$entry" ;; esac
done
for entry in boot/*; do [ "$entry" = boot/grub ] || rm -rf "$entry"; done
mv var.new var
sync
fstrim /oldroot
cd /
umount /oldroot || mount -o remount,ro /oldroot
echo "image: sealed"
case "${1:-}" in reboot | kexec) reboot -f ;; halt) halt -f ;; *) poweroff -f ;; esac
SCRIPT
chmod 755 "$last/shutdown"
