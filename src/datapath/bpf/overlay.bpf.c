/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/*
 * Both ways of the overlay device. Ingress: what came out of the tunnel, aggregated again, on its way to the stack.
 * Egress, into the tunnel: who has the destination address, the tunnel header, its checksum, the way to the tunnel
 * endpoint.
 */
#include "lib/flow.h"
#include "lib/next_hop.h"

/* Sends the tunnel packet on its way; while its neighbour is not known yet, the kernel finds it and keeps the packet. */
INLINE int send(struct __sk_buff *skb, const struct gateway *gw, const struct devices *dev, __be32 tep, __u32 length)
{
	struct next_hop *known = bpf_map_lookup_elem(&next_hops, &tep);
	struct next_hop hop = {};

	if (known && known->second == this_second()) {
		hop = *known;
	} else {
		long result = ask_next_hop(skb, gw, dev->downlink, tep, &hop);

		if (result == BPF_FIB_LKUP_RET_BLACKHOLE || result == BPF_FIB_LKUP_RET_UNREACHABLE ||
		    result == BPF_FIB_LKUP_RET_PROHIBIT)
			return drop(skb, DROP_NO_ROUTE_TO_TEP);
		if (result != BPF_FIB_LKUP_RET_SUCCESS) {
			count_bytes(PASS_ENCAPSULATED, length);
			return bpf_redirect_neigh(dev->downlink, NULL, 0, 0);
		}
		bpf_map_update_elem(&next_hops, &tep, &hop, BPF_ANY);
	}
	if (!address_frame(skb, hop.to, hop.from))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	count_bytes(PASS_ENCAPSULATED, length);
	return bpf_redirect(hop.device, 0);
}

INLINE int encapsulate(struct __sk_buff *skb, const struct gateway *gw, const struct endpoint *e, __u8 inner_tos)
{
	const struct devices *dev = device_config();
	struct tunnel_to to = {
		.tep = e->tep,
		.vni = e->vni,
		.mac = e->mac,
		.tos = outer_tos(gw, inner_tos),
		.hash = bpf_get_hash_recalc(skb),
	};
	__u32 length = skb->len;
	int reason = dev && dev->downlink ? enclose(skb, gw, &to) : DROP_ENCAPSULATION_FAILED;

	return reason == NO_DROP ? send(skb, gw, dev, to.tep, length) : drop(skb, reason);
}

/* TCP alone: nothing else gains by being aggregated, so the downlink has looked for its flow already. */
SEC("tc")
int overlay_ingress(struct __sk_buff *skb)
{
	const struct gateway *gw = gateway_config();
	struct flow_key key;
	struct flow *flow;
	struct iphdr ip;

	if (!gw || !read_plain_ip(skb, &ip) || ip.protocol != IPPROTO_TCP)
		return TC_ACT_UNSPEC;
	flow = known_flow(skb, gw, &ip, SIDE_OVERLAY, &key);
	return flow ? follow(skb, gw, &key, flow) : TC_ACT_UNSPEC;
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
