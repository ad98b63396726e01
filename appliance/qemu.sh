#!/usr/bin/env bash
# Runs a virtual machine: QEMU, with these arguments and as well as this machine can.
#   qemu.sh ARGUMENT...
#   qemu.sh --get
# With KVM, where the CPU is made for it. Else emulated, for which QEMU 8.1 or newer is wanted: older ones, such as Debian
# 12's, let V8 run code that another CPU is still writing, so that CPUs must take turns; and they are half as fast. Debian's
# backports have a newer one, which is unpacked in build/qemu and takes nothing's place: at the first run, or by --get.
# PCG_MIRROR names another mirror of Debian.
set -euo pipefail
cd "$(dirname "$0")/.."

program=qemu-system-x86_64
own=$PWD/build/qemu/usr/bin/$program
# The libraries it needs are those of Debian's own QEMU. Modules that it lacks it would look for among that one's.
packages=(qemu-system-{x86,common,data,modules-opengl,modules-spice} seabios)

# Whether a QEMU is there and runs CPUs at once.
is_new() {
  local version
  version=$("$1" --version 2>/dev/null | sed -n '1s/.*version \([0-9.]*\).*/\1/p') || return 1
  [ -n "$version" ] && printf '8.1\n%s\n' "$version" | sort -CV
}
# Not every KVM runs every kernel: the CPU must be made for it.
has_kvm() { [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo; }

# Steps are chained: where its result is asked for, `set -e` does not hold.
get() {
  if has_kvm || is_new "$program" || is_new "$own"; then return; fi
  local work apt
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  mkdir -p "$work"/{lists/partial,packages,root}
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s/debian %s-backports main\n' \
    "${PCG_MIRROR:-http://deb.debian.org}" "$(. /etc/os-release && echo "$VERSION_CODENAME")" >"$work/sources.list"
  apt=(apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=20)
  "${apt[@]}" update &&
    (cd "$work/packages" && "${apt[@]}" download "${packages[@]}") &&
    for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/root" || return 1; done &&
    is_new "$work/root/usr/bin/$program" &&
    mkdir -p build && rm -rf build/qemu && mv "$work/root" build/qemu
}

case "${1:---help}" in
  --get) get; exit ;;
  --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit ;;
esac

# An AMD, because kernels change the page tables with every system call of Intel's of that age (Meltdown), as they do not on
# EC2's; emulated, that is a quarter of all time.
emulated=(-cpu Nehalem,vendor=AuthenticAMD)
if has_kvm; then exec "$program" -accel kvm -cpu host -smp 2 "$@"; fi
get >&2 || echo "qemu.sh: no newer QEMU could be had from Debian's backports: emulating with Debian's own, slowly" >&2
if is_new "$program"; then exec "$program" -accel tcg,thread=multi "${emulated[@]}" -smp 2 "$@"; fi
if is_new "$own"; then
  files=$PWD/build/qemu/usr
  export QEMU_MODULE_DIR=$files/lib/x86_64-linux-gnu/qemu
  exec "$own" -L "$files/share/qemu" -L "$files/share/seabios" -accel tcg,thread=multi "${emulated[@]}" -smp 2 "$@"
fi
exec "$program" -accel tcg,thread=single "${emulated[@]}" "$@"
