#!/usr/bin/env bash
# Lays the start of an initial file system out: busybox, programs of this machine with their libraries, kernel modules,
# and /modules/order, in which they can be loaded.
#   first-files.sh KERNEL DIR [--program NAME]... MODULE...
# KERNEL is what kernel.sh printed.
set -euo pipefail
[ "${1:-}" != --help ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0; }

kernel=$1 first=$2
shift 2
programs=(busybox)
while [ "${1:-}" = --program ]; do
  programs+=("$2")
  shift 2
done
mkdir -p "$first"/{bin,lib/x86_64-linux-gnu,lib64,modules,dev,proc}

for name in "${programs[@]}"; do
  program=$(command -v "$name")
  cp -L "$program" "$first/bin/$name"
  for library in $(ldd "$program" | grep -o '/lib[^ ]*'); do cp -L "$library" "$first$library"; done
done

modprobe -d "$kernel" -S "${kernel##*/}" --show-depends -a "$@" |
  sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' |
  while read -r module; do
    cp "$module" "$first/modules/"
    basename "$module"
  done >"$first/modules/order"
