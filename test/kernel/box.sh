#!/usr/bin/env bash
# Becomes systemd as process 1 of a container: this machine's system, the appliance's files over it, the checkout as the
# product. Nothing of it outlives its process but what is in FOLDER. Kernel settings that are not the network's are
# read-only, so that the appliance's do not become this machine's.
#   box.sh FOLDER CHECKOUT UNIT    FOLDER: an empty one; config/ in it becomes /etc/pcg, units/ more units; UNIT is started
set -euo pipefail
[ "${1:-}" != --help ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0; }
folder=$1 checkout=$2 unit=$3 root=$1/root

if [ "${4:-}" != inside ]; then
  mkdir -p "$folder/cgroup"
  mount -t cgroup2 cgroup2 "$folder/cgroup"
  mkdir "$folder/cgroup/pcg-box-$$"
  echo $$ >"$folder/cgroup/pcg-box-$$/cgroup.procs"
  echo "pcg-box-$$" >"$folder/cgroup-name"
  umount "$folder/cgroup"
  exec unshare --fork --kill-child --pid --mount --propagation private --uts --ipc --cgroup "$0" "$folder" "$checkout" "$unit" inside
fi

mkdir -p "$root" "$folder/layer"
mount -t tmpfs tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$root"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount --bind /dev/null "$root/dev/console"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"

cp -a "$checkout/appliance/rootfs/." "$root/"
mkdir -p "$root/opt/pcg/bin" "$root/var/lib/pcg-etc" "$root/run/systemd/system"
for part in src node_modules build package.json; do
  if [ -d "$checkout/$part" ]; then mkdir -p "$root/opt/pcg/$part"; else touch "$root/opt/pcg/$part"; fi
  mount --bind "$checkout/$part" "$root/opt/pcg/$part"
done
for source in "$checkout"/src/bin/pcg*.ts; do
  program=$(basename "$source" .ts)
  printf '#!/bin/sh\nexec /opt/pcg/node_modules/.bin/node --max-semi-space-size=2 /opt/pcg/src/bin/%s.ts "$@"\n' "$program" \
    >"$root/opt/pcg/bin/$program"
  chmod 755 "$root/opt/pcg/bin/$program"
done
cp -a "$folder/config/." "$root/var/lib/pcg-etc/"
cp -a "$folder/units/." "$root/run/systemd/system/"
# networkctl speaks D-Bus, which this machine may lack.
printf '#!/bin/sh\nexec systemctl restart systemd-networkd\n' >"$root/usr/local/bin/networkctl"
chmod 755 "$root/usr/local/bin/networkctl"
for other in systemd-sysctl systemd-modules-load systemd-udevd systemd-udev-trigger systemd-random-seed; do
  ln -s /dev/null "$root/run/systemd/system/$other.service"
done
# Not chroot, in which no process may have a user namespace of its own (PrivateUsers).
cd "$root"
pivot_root . .
umount --lazy .
exec env -i container=pcg-box PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system "systemd.unit=$unit"
