/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/*
 * Egress of the overlay device: into the tunnel. Who has the destination address, the tunnel header, its checksum,
 * the way to the tunnel endpoint.
 */
#include "lib/count.h"
#include "lib/encap.h"

/* Neither the outer packet's length field nor UDP's can say more. */
#define MAX_INNER (0xffff - TUNNEL_ROOM)

/* DSCP as configured (RFC 2983), ECN as it came: the normal mode of RFC 6040 §4.1. */
INLINE __u8 outer_tos(const struct gateway *gw, __u8 inner)
{
	return gw->dscp == DSCP_INHERIT ? inner : (__u8)(gw->dscp << 2 | (inner & ECN_MASK));
}

/* Some 1.07 s: how long an answer of the FIB is believed, and so how long a moved endpoint may be missed. */
INLINE __u32 this_second(void)
{
	return bpf_ktime_get_coarse_ns() >> 30;
}

/*
 * Asks the FIB for the outer route and its neighbour, as a packet of the unit's own would be sent.
 * 0, a code of BPF_FIB_LKUP_RET, or less than 0.
 */
INLINE long ask_next_hop(struct __sk_buff *skb, const struct gateway *gw, __u32 downlink, __be32 tep, struct next_hop *hop)
{
	struct bpf_fib_lookup fib = {
		.family = 2 /* AF_INET */,
		.l4_protocol = IPPROTO_UDP,
		.dport = gw->port,
		.ifindex = downlink,
		.ipv4_src = gw->tep,
		.ipv4_dst = tep,
	};
	long result = bpf_fib_lookup(skb, &fib, sizeof(fib), BPF_FIB_LOOKUP_OUTPUT);

	hop->device = fib.ifindex;
	hop->second = this_second();
	__builtin_memcpy(hop->to, fib.dmac, ETH_ALEN);
	__builtin_memcpy(hop->from, fib.smac, ETH_ALEN);
	return result;
}

/* Sends the tunnel packet on its way; while its neighbour is not known yet, the kernel finds it and keeps the packet. */
INLINE int send(struct __sk_buff *skb, const struct gateway *gw, const struct devices *dev, __be32 tep)
{
	struct next_hop *known = bpf_map_lookup_elem(&next_hops, &tep);
	struct next_hop hop = {};
	struct ethhdr *eth;

	if (known && known->second == this_second()) {
		hop = *known;
	} else {
		long result = ask_next_hop(skb, gw, dev->downlink, tep, &hop);

		if (result == BPF_FIB_LKUP_RET_BLACKHOLE || result == BPF_FIB_LKUP_RET_UNREACHABLE ||
		    result == BPF_FIB_LKUP_RET_PROHIBIT)
			return drop(skb, DROP_NO_ROUTE_TO_TEP);
		if (result != BPF_FIB_LKUP_RET_SUCCESS) {
			count_pass(skb, PASS_ENCAPSULATED);
			return bpf_redirect_neigh(dev->downlink, NULL, 0, 0);
		}
		bpf_map_update_elem(&next_hops, &tep, &hop, BPF_ANY);
	}
	if (!AT(skb, 0, eth))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	__builtin_memcpy(eth->h_dest, hop.to, ETH_ALEN);
	__builtin_memcpy(eth->h_source, hop.from, ETH_ALEN);
	count_pass(skb, PASS_ENCAPSULATED);
	return bpf_redirect(hop.device, 0);
}

INLINE int encapsulate(struct __sk_buff *skb, const struct gateway *gw, const struct endpoint *e, __u8 inner_tos)
{
	const struct devices *dev = device_config();
	__u32 length = skb->len - ETH_HLEN;
	struct tunnel_to to = {
		.tep = e->tep,
		.vni = e->vni,
		.mac = e->mac,
		.inner_protocol = bpf_htons(ETH_P_IP),
		.inner_length = length,
		.tos = outer_tos(gw, inner_tos),
		.hash = bpf_get_hash_recalc(skb),
	};
	int inner = -1;

	if (length > MAX_INNER)
		return drop(skb, DROP_OVERLAY_TOO_LARGE);
	/* Segments are cut after this: only zero is right for each of them. */
	if (gw->full_checksum && !skb->gso_size)
		inner = sum_finished_packet(skb, ETH_HLEN, length);
	if (!dev || !dev->downlink || make_tunnel_room(skb))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	struct tunnel_header *h;

	if (!AT(skb, 0, h))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	write_tunnel_header(h, gw, &to);
	if (inner >= 0 && !write_tunnel_checksum(skb, gw, &to, inner))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	return send(skb, gw, dev, to.tep);
}

SEC("tc")
int overlay_egress(struct __sk_buff *skb)
{
	const struct gateway *gw = gateway_config();
	const struct endpoint *e;
	struct iphdr *ip;
	__be32 destination;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return drop(skb, DROP_OVERLAY_PROTOCOL);
	make_linear(skb, ETH_HLEN + sizeof(*ip));
	if (!gw || !AT(skb, ETH_HLEN, ip))
		return drop(skb, DROP_OVERLAY_PROTOCOL);
	destination = ip->daddr;
	e = bpf_map_lookup_elem(&endpoints, &destination);
	if (!e)
		return drop(skb, DROP_UNKNOWN_ENDPOINT);
	return encapsulate(skb, gw, e, ip->tos);
}

/* The kernel knows no string for Apache-2.0 OR GPL-2.0; this is the one of the two that it asks for. */
char terms[] SEC("license") = "GPL";
