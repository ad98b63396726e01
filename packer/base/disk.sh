#!/usr/bin/env bash
# A disk that boots by BIOS and by EFI, laid out as on Debian's AMI: 1 is ext4, 14 the BIOS's GRUB, 15 the EFI system.
#   disk.sh FOLDER DISK UUID [GIB]
# Everything is written at its place in a sparse file: no loop devices, no mounts.
set -euo pipefail
[ "${1:-}" != --help ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0; }
root=$1 disk=$2 uuid=$3 gib=${4:-4}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sector=512
bios=2048 bios_size=6144
efi=8192 efi_size=253952
ext4=262144 ext4_size=$((gib * 2097152 - 262144 - 2048))
rm -f "$disk"
truncate -s "${gib}G" "$disk"
sfdisk -q "$disk" <<TABLE
label: gpt
${disk}14 : start=$bios, size=$bios_size, type=21686148-6449-6E6F-744E-656564454649
${disk}15 : start=$efi, size=$efi_size, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
${disk}1 : start=$ext4, size=$ext4_size, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
TABLE

mkfs.ext4 -q -L pcg -U "$uuid" -m 1 -d "$root" -E "offset=$((ext4 * sector)),hash_seed=$uuid" "$disk" "$((ext4_size / 2))k"

# Both GRUBs carry all they need and go on with /boot/grub/grub.cfg of the ext4 file system.
printf 'search.fs_uuid %s root\nset prefix=($root)/boot/grub\n' "$uuid" >"$work/early.cfg"
modules=(part_gpt ext2 search_fs_uuid normal configfile linux loadenv test echo serial terminal minicmd sleep reboot halt)
grub-mkimage -O x86_64-efi -o "$work/grub.efi" -c "$work/early.cfg" -p /boot/grub "${modules[@]}"
grub-mkimage -O i386-pc -o "$work/core.img" -c "$work/early.cfg" -p /boot/grub biosdisk "${modules[@]}"

mkfs.vfat -n EFI -F 32 -s 1 --offset "$efi" "$disk" $((efi_size / 2)) >/dev/null
export MTOOLS_SKIP_CHECK=1
at=$disk@@$((efi * sector))
mmd -i "$at" ::/EFI ::/EFI/BOOT
mcopy -i "$at" "$work/grub.efi" ::/EFI/BOOT/BOOTX64.EFI

# What grub-bios-setup does to a disk that it can open: offsets are GRUB_BOOT_MACHINE_KERNEL_SECTOR, GRUB_BOOT_MACHINE_DRIVE_CHECK
# and the first entry of the block list at the end of core.img's first sector (include/grub/i386/pc/boot.h).
le64() {
  local value=$1 text='' _
  for _ in 1 2 3 4 5 6 7 8; do
    text+=$(printf '\\x%02x' $((value & 255)))
    value=$((value >> 8))
  done
  printf '%b' "$text"
}
patch() { dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none; }
cp /usr/lib/grub/i386-pc/boot.img "$work/boot.img"
le64 "$bios" | patch "$work/boot.img" 0x5c
printf '\x90\x90' | patch "$work/boot.img" 0x66
le64 $((bios + 1)) | patch "$work/core.img" 0x1f4
dd if="$work/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$disk" bs=$sector seek=$bios conv=notrunc status=none
