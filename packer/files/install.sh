#!/usr/bin/env bash
# On the machine that becomes the image: the packages, our files over /, users, and what starts at boot.
# Run by Packer as root, on Debian's AMI or on the disk of packer/base. Then comes seal.sh.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

say() { printf '· %s\n' "$*"; }
upload=/var/tmp/upload
mkdir -p "$upload"
tar -x --no-same-owner -C "$upload" -f /tmp/upload.tar
rm /tmp/upload.tar

# The packages of the list and what they need, and nothing else: so a box from either base is the same.
read -ra packages <<<"$(sed 's/#.*//' "$upload/packages.txt" | xargs)"
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  apt-get -qq update
  apt-get -qq install --no-install-recommends "${missing[@]}"
  rm /usr/sbin/policy-rc.d
fi
if dpkg-query -W cloud-init >/dev/null 2>&1; then
  say "removing what is not on the list"
  apt-mark showmanual | xargs apt-mark auto >/dev/null
  apt-mark manual "${packages[@]}" apt >/dev/null
  apt-get -qq --purge autoremove -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false
fi

# Fixed numbers: /var outlives the image that made it.
say "users"
groupadd --gid 901 pcg
useradd --uid 901 --gid pcg --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin pcg
useradd --uid 902 --gid pcg --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin pcg-kernel
getent passwd admin >/dev/null || useradd --uid 1000 --user-group --no-create-home --shell /bin/bash admin
# By hand: usermod refuses while Packer is logged in as this user.
sed -i 's|^\(admin:[^:]*:[^:]*:[^:]*:\)[^:]*:[^:]*:|\1Operator:/var/lib/admin:|' /etc/passwd
usermod --password '*' admin
install -d -m 700 -o admin -g admin /var/lib/admin
usermod --password '*' root

say "our files"
cp -r --preserve=mode,links "$upload/rootfs/." /
mkdir -p /opt/pcg /store
while read -r program; do ln -sf "/opt/pcg/bin/$program" "/usr/bin/$program"; done <"$upload/programs"
[ -e /etc/systemd/system/tmp.mount ] || cp /usr/share/systemd/tmp.mount /etc/systemd/system/

say "what starts at boot"
off=(systemd-networkd-wait-online.service systemd-network-generator.service systemd-pstore.service remote-fs.target
  conntrackd.service e2scrub_reap.service fstrim.timer e2scrub_all.timer dpkg-db-backup.timer apt-daily.timer apt-daily-upgrade.timer)
systemctl --quiet --no-reload disable "${off[@]}"
systemctl --quiet --no-reload enable systemd-networkd systemd-resolved tmp.mount
# A unit of ours with an [Install] section is one to start.
cd "$upload/rootfs/etc/systemd/system"
grep -ls '^\[Install\]' -- *.* | xargs systemctl --quiet --no-reload enable
