#!/bin/busybox sh
# What udhcpc calls with what it got.
[ "$1" = bound ] || exit 0
ip addr replace "$ip/$mask" dev "$interface"
ip link set "$interface" mtu "$mtu"
ip route replace default via "$router" dev "$interface"
echo "endpoint: lease: $ip/$mask via $router, MTU $mtu"
