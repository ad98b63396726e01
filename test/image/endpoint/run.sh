#!/usr/bin/env bash
# Boots Debian's kernel as a VM of the overlay: its GENEVE driver is the tunnel endpoint. Its console is what this prints.
#   run.sh TAP ENI-MAC NAME=VALUE...
# Runs until it is ended. The settings are init.sh's: tep mac vni label gateway fetch.
set -euo pipefail
cd "$(dirname "$0")/../../.."
[ "${1:-}" != --help ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0; }

tap=$1 eni=$2
shift 2
kernel=$(bash test/guest/kernel.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bash test/guest/first-files.sh "$kernel" "$work/first" --program ip --program tc --program curl \
  virtio_pci virtio_net geneve veth sch_ingress cls_matchall act_tunnel_key act_mirred
install -m 755 test/image/endpoint/init.sh "$work/first/init"
install -m 755 test/image/endpoint/lease.sh "$work/first/lease.sh"
printf '%s\n' "$@" >"$work/first/settings"
(cd "$work/first" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/first.cpio"

bash appliance/qemu.sh -machine q35 -smp 1 -m 512 \
  -display none -monitor none -serial stdio -no-reboot \
  -kernel "$kernel/boot/vmlinuz-${kernel##*/}" -initrd "$work/first.cpio" -append "console=ttyS0 quiet panic=-1" \
  -netdev "tap,id=n0,ifname=$tap,script=no,downscript=no" \
  -device "virtio-net-pci,netdev=n0,mac=$eni,host_mtu=9001,romfile=" </dev/null
