#!/bin/sh
# What udhcpc runs on each event (udhcpc's own names: $1 the event, the rest in the environment). It sets up the one
# interface and keeps its hands off /etc: the resolver's file goes to the laboratory's directory.
set -eu

configure() {
  ip addr replace "$ip/$mask" ${broadcast:+broadcast "$broadcast"} dev "$interface" \
    valid_lft "$lease" preferred_lft "$lease"
  [ -z "${mtu:-}" ] || ip link set "$interface" mtu "$mtu"
  # RFC 3442: who sends classless routes means them to stand in place of the router option.
  if [ -n "${staticroutes:-}" ]; then
    set -- $staticroutes
    while [ $# -ge 2 ]; do
      if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"
      else ip route replace "$1" via "$2" dev "$interface" onlink; fi
      shift 2
    done
  else
    for first in ${router:-}; do ip route replace default via "$first" dev "$interface"; break; done
  fi
  for server in ${dns:-}; do echo "nameserver $server"; done > "$LAB_DIRECTORY/resolv.conf"
  printf '{"address":"%s/%s","router":"%s","dns":"%s","mtu":%s,"server":"%s","leaseSeconds":%s}\n' \
    "$ip" "$mask" "${router:-}" "${dns:-}" "${mtu:-null}" "${serverid:-}" "$lease" > "$LAB_DIRECTORY/lease.json.new"
  mv "$LAB_DIRECTORY/lease.json.new" "$LAB_DIRECTORY/lease.json"
}

case "$1" in
  deconfig)
    ip link set "$interface" up
    ip addr flush dev "$interface"
    rm -f "$LAB_DIRECTORY/lease.json" ;;
  bound | renew) configure ;;
esac
