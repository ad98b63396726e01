/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/*
 * Both ways of the uplink. The cloud knows an Elastic IP by a secondary address that differs from unit to unit; the
 * kernel here knows it by itself. So connection tracking holds the same on both units of a pair.
 */
#include "lib/canonical.h"
#include "lib/flow.h"
#include "lib/fragments.h"
#include "lib/source.h"

#define SOURCE offsetof(struct iphdr, saddr)
#define DESTINATION offsetof(struct iphdr, daddr)

/* Copies the IPv4 header; false when there is no sound one. */
INLINE bool read_ip(struct __sk_buff *skb, struct iphdr *ip)
{
	struct iphdr *header;

	make_linear(skb, ETH_HLEN + sizeof(*ip));
	if (!AT(skb, ETH_HLEN, header))
		return false;
	*ip = *header;
	return ip->version == 4 && ip->ihl >= 5 && ETH_HLEN + ip->ihl * 4u <= skb->len;
}

INLINE long replace(struct __sk_buff *skb, const struct iphdr *ip, __u32 address, __be32 from, __be32 to)
{
	struct iphdr *header;

	if (replace_in_l4(skb, ip, ETH_HLEN + ip->ihl * 4, from, to) || !AT(skb, ETH_HLEN, header))
		return -1;
	header->check = ~fold((__u64)(__u16)~header->check + (__u32)~from + to);
	*(__be32 *)((void *)header + address) = to;
	return 0;
}

SEC("tc")
int uplink_ingress(struct __sk_buff *skb)
{
	const struct gateway *gw = gateway_config();
	struct flow_key key;
	struct flow *flow;
	struct iphdr ip;
	__be32 *eip;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return let_pass(skb, PASS_UPLINK_IN_OTHER);
	if (!read_ip(skb, &ip))
		return drop(skb, DROP_UPLINK_MALFORMED);
	if (gw && is_plain(skb, &ip, skb->len - ETH_HLEN)) {
		flow = known_flow(skb, gw, &ip, SIDE_UPLINK, &key);
		if (flow)
			return follow(skb, gw, &key, flow);
	}
	__u32 l4 = ETH_HLEN + ip.ihl * 4;
	/* Established connections are asked nothing further: nobody outside may pretend to be inside. */
	int reason = judge_source(skb, gw, &ip, l4, SIDE_UPLINK);

	if (reason != NO_DROP)
		return drop(skb, reason);
	if (is_icmp_error(skb, &ip, l4) && replace_embedded_source(skb, &canonical_in, l4))
		return drop(skb, DROP_UPLINK_MALFORMED);
	eip = bpf_map_lookup_elem(&canonical_in, &ip.daddr);
	if (eip && replace(skb, &ip, DESTINATION, ip.daddr, *eip))
		return drop(skb, DROP_UPLINK_MALFORMED);
	reason = judge_fragment(&ip, skb->len - ETH_HLEN, SIDE_UPLINK);
	if (reason != NO_DROP)
		return drop(skb, reason);
	return let_pass(skb, eip ? PASS_CANONICAL_IN : PASS_UPLINK_IN_OTHER);
}

/*
 * What leaves has a source that the cloud knows, or does not leave. The packet that an ICMP error is about keeps the
 * Elastic IP it was sent to: it is what the receiver knows, whether or not the cloud looks into such packets.
 */
SEC("tc")
int uplink_egress(struct __sk_buff *skb)
{
	struct iphdr ip;
	__be32 *secondary;

	/* Its source was found to be the cloud's when its flow was learned. */
	if (skb->mark == FLOW_MARK)
		return TC_ACT_UNSPEC;
	if (skb->protocol == bpf_htons(ETH_P_ARP))
		return let_pass(skb, PASS_UPLINK_OUT_OTHER);
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return drop(skb, DROP_UPLINK_PROTOCOL);
	if (!read_ip(skb, &ip))
		return drop(skb, DROP_UPLINK_MALFORMED);
	secondary = bpf_map_lookup_elem(&canonical_out, &ip.saddr);
	if (!secondary && !bpf_map_lookup_elem(&uplink_own, &ip.saddr))
		return drop(skb, DROP_UNTRANSLATED_SOURCE);
	if (!secondary)
		return let_pass(skb, PASS_UPLINK_OUT_OTHER);
	if (replace(skb, &ip, SOURCE, ip.saddr, *secondary))
		return drop(skb, DROP_UPLINK_MALFORMED);
	return let_pass(skb, PASS_CANONICAL_OUT);
}

/* The kernel knows no string for Apache-2.0 OR GPL-2.0; this is the one of the two that it asks for. */
char terms[] SEC("license") = "GPL";
