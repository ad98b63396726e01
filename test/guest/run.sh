#!/usr/bin/env bash
# Runs a command on Debian's own kernel: this machine's files in a virtual machine, changed there and forgotten after.
#   run.sh [--cpus N] [--memory MB] [--timeout SECONDS] COMMAND...
# The kernel is the newest of this Debian's package repository, or PCG_GUEST_KERNEL=6.1.0-56-amd64. Without KVM it is
# emulated (appliance/qemu.sh): some thirty times slower than this machine. Exits with the command's status.
set -euo pipefail
cd "$(dirname "$0")/../.."

cpus=2 memory=4096 limit=1800
while [ $# -gt 0 ]; do
  case "$1" in
    --cpus) cpus=$2; shift 2 ;;
    --memory) memory=$2; shift 2 ;;
    --timeout) limit=$2; shift 2 ;;
    --) shift; break ;;
    --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "run.sh: unknown option $1 (--help lists them)" >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || { echo "run.sh: no command given (--help)" >&2; exit 2; }

root=$(bash test/guest/kernel.sh)
version=${root##*/}

# The first file system: busybox, and the modules that the real one needs.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{result,first/{lower,upper,new}}
bash test/guest/first-files.sh "$root" "$work/first" virtio_pci 9pnet_virtio 9p overlay
cp test/guest/init.sh "$work/first/init"
chmod 755 "$work/first/init"
(cd "$work/first" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/first.cpio"

{
  printf 'cd %q\n' "$PWD"
  printf 'export PATH=%q\n' "$PWD/node_modules/.bin:$PATH"
  printf '%q ' "$@"
} >"$work/result/command"
printf '%s' "$root/lib/modules" >"$work/result/modules"
# As on the appliance.
cp appliance/rootfs/etc/modules-load.d/pcg.conf "$work/result/load"

timeout --foreground "$limit" bash appliance/qemu.sh -smp "$cpus" -m "$memory" \
  -display none -monitor none -serial stdio -no-reboot -nic none \
  -kernel "$root/boot/vmlinuz-$version" -initrd "$work/first.cpio" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable" \
  -virtfs "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap" \
  -virtfs "local,path=$work/result,mount_tag=result,security_model=none" </dev/null | sed -u 's/\r$//' ||
  { echo "run.sh: the guest did not end by itself in $limit seconds" >&2; exit 1; }
[ -e "$work/result/status" ] || { echo "run.sh: the guest ended before the command did" >&2; exit 1; }
exit "$(cat "$work/result/status")"
