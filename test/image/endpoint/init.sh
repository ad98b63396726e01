#!/bin/busybox sh
# A VM's first and only process: the kernel's own GENEVE device as its tunnel endpoint, a workload behind it.
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
for module in $($b cat /modules/order); do $b insmod "/modules/$module"; done
. /settings

ip link set lo up
ip link set eth0 up
ip addr add "$tep" dev eth0

# `nsx-eth0` is the workload's interface, `nsx` the switch's end of it. What comes out there goes into the tunnel as it
# is, with the option a gateway expects; what comes out of the tunnel goes to the workload.
ip link add geneve0 type geneve external dstport 6081
ip link add nsx type veth peer name nsx-eth0 address "$mac"
for link in geneve0 nsx nsx-eth0; do ip link set "$link" mtu 8943 up; done
for link in geneve0 nsx; do tc qdisc add dev "$link" clsact; done
tc filter add dev nsx ingress matchall \
  action tunnel_key set src_ip "${tep%/*}" dst_ip "$gateway" id "$vni" dst_port 6081 geneve_opts "0104:80:$label" \
  action mirred egress redirect dev geneve0
tc filter add dev geneve0 ingress matchall action tunnel_key unset action mirred egress redirect dev nsx

$b mkdir -p /www
echo "hello from a kernel's GENEVE device" >/www/index.html
until $b udhcpc -f -q -n -t 5 -T 2 -i nsx-eth0 -s /lease.sh; do echo "endpoint: no lease yet"; done
$b httpd -h /www
until said=$(curl -sS --max-time 5 "$fetch"); do $b sleep 1; done
echo "endpoint: fetched: $said"
while :; do $b sleep 3600; done
