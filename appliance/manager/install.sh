#!/usr/bin/env bash
# Installs nsx-manager on a Debian 12, or puts this version in place of another, and starts it. As root, from the folder
# that the package unpacks to. State (/var/lib/nsx-manager) and options stay as they are.
#   install.sh [OPTION…]    options of nsx-manager run, kept in /etc/nsx-manager/options; none: those kept there already
set -euo pipefail
[ "${1:-}" != --help ] || { sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0; }
here=$(cd "$(dirname "$0")" && pwd)
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "run as root"
[ -x "$here/bin/node" ] || fail "run it from the folder that nsx-manager's package unpacks to"
for option in "$@"; do
  # They become words of the unit's command.
  case "$option" in *[[:space:]\"\'\\\$%]*) fail "an option must not have spaces, quotes, \\, \$ or %: $option" ;; esac
done

getent passwd nsx-manager >/dev/null ||
  useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin nsx-manager

# Whole, then by one rename each: what runs keeps its own files.
rm -rf /opt/nsx-manager.next /opt/nsx-manager.before
mkdir -p /opt /etc/nsx-manager /usr/local/share/man/man8
cp -r "$here" /opt/nsx-manager.next
chown -R root:root /opt/nsx-manager.next
[ ! -e /opt/nsx-manager ] || mv /opt/nsx-manager /opt/nsx-manager.before
mv /opt/nsx-manager.next /opt/nsx-manager
install -m 644 "$here/nsx-manager.service" /etc/systemd/system/nsx-manager.service
install -m 644 "$here/man/nsx-manager.8" /usr/local/share/man/man8/nsx-manager.8
ln -sf /opt/nsx-manager/bin/nsx-manager /usr/local/bin/nsx-manager
if [ $# -gt 0 ] || [ ! -e /etc/nsx-manager/options ]; then
  printf 'OPTIONS=%s\n' "$*" >/etc/nsx-manager/options.next
  mv /etc/nsx-manager/options.next /etc/nsx-manager/options
fi

systemctl daemon-reload
systemctl --quiet enable nsx-manager.service
systemctl restart nsx-manager.service
printf 'nsx-manager %s is started; its log: journalctl -u nsx-manager\n' "$(cat "$here/VERSION")"
