#!/bin/busybox sh
# The guest's first process: the host's files below, what is changed above them in memory; then the command.
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
for module in $($b cat /modules/order); do $b insmod "/modules/$module"; done
$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /lower
$b mount -t tmpfs -o mode=755 upper /upper
$b mkdir /upper/files /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work all /new
cd /new || exit
$b mkdir -p result
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 result result
$b mount -t proc proc proc
$b mount -t sysfs sys sys
$b mount -t devtmpfs dev dev
$b mkdir -p dev/shm dev/pts
$b mount -t devpts pts dev/pts
for directory in run dev/shm; do $b mount -t tmpfs tmpfs $directory; done
$b mount -t bpf bpf sys/fs/bpf
$b mkdir -p lib/modules
$b mount -o bind ".$($b cat result/modules)" lib/modules
$b hostname guest
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec $b chroot . /bin/bash -c '
  ip link set lo up
  modprobe -a tun $(grep -v "^#" /result/load)
  bash /result/command
  echo $? >/result/status
  sync
  exec busybox poweroff -f'
