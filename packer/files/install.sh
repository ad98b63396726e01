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

# Over /, even where a package has put a link: that is replaced, not written through.
say "our files"
cp -r --preserve=mode,links --remove-destination "$upload/rootfs/." /
mkdir -p /opt/pcg /store
[ -e /etc/systemd/system/tmp.mount ] || cp /usr/share/systemd/tmp.mount /etc/systemd/system/

# The users of rootfs/etc/sysusers.d. On AWS `admin` is there already, and Packer is logged in as it.
say "users"
systemd-sysusers
sed -i 's|^\(admin:[^:]*:[^:]*:[^:]*:\)[^:]*:[^:]*:|\1Operator:/var/lib/admin:|' /etc/passwd
usermod --password '*' admin
usermod --password '*' root

# What rootfs/etc/systemd/system-preset says, from a clean slate: preset-all leaves some of the packages' links, and takes
# our masks of template units away, which are therefore laid again.
say "what starts at boot"
rm -rf /etc/systemd/system/*.wants /etc/systemd/system/*.requires
systemctl --quiet --no-reload preset-all
systemctl --quiet --no-reload enable tmp.mount
cp -r --preserve=mode,links --remove-destination "$upload/rootfs/etc/systemd/." /etc/systemd/
