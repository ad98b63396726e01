/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "csum.h"

/*
 * One address of an IPv4 packet becomes another, without state. `address` is where in the IP header it stands:
 * offsetof(struct iphdr, saddr) or daddr. ICMP errors carry the packet they are about, in which it stands on the other
 * side (RFC 5508 §4.2).
 */

#define ICMP_UNREACHABLE 3
#define ICMP_QUENCH 4
#define ICMP_EXCEEDED 11
#define ICMP_PARAMETER 12
#define ICMP_HEADER 8
#define ICMP_CHECKSUM 2

INLINE bool is_icmp_error(struct __sk_buff *skb, const struct iphdr *ip, __u32 l4)
{
	__u8 type;

	if (ip->protocol != IPPROTO_ICMP || ip->frag_off & bpf_htons(IP_FRAGMENT_OFFSET) ||
	    bpf_skb_load_bytes(skb, l4, &type, sizeof(type)))
		return false;
	return type == ICMP_UNREACHABLE || type == ICMP_QUENCH || type == ICMP_EXCEEDED || type == ICMP_PARAMETER;
}

INLINE long replace_in_header(struct __sk_buff *skb, __u32 header, __u32 address, __be32 from, __be32 to)
{
	long failed = bpf_l3_csum_replace(skb, header + offsetof(struct iphdr, check), from, to, sizeof(to));

	return failed ?: bpf_skb_store_bytes(skb, header + address, &to, sizeof(to), 0);
}

/* First fragments carry the checksum of the whole datagram, so it is corrected there and only there. */
INLINE long replace_in_l4(struct __sk_buff *skb, const struct iphdr *ip, __u32 l4, __be32 from, __be32 to)
{
	if (ip->frag_off & bpf_htons(IP_FRAGMENT_OFFSET))
		return 0;
	if (ip->protocol == IPPROTO_TCP)
		return bpf_l4_csum_replace(skb, l4 + offsetof(struct tcphdr, check), from, to,
					   BPF_F_PSEUDO_HDR | sizeof(to));
	if (ip->protocol == IPPROTO_UDP)
		return bpf_l4_csum_replace(skb, l4 + offsetof(struct udphdr, check), from, to,
					   BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | sizeof(to));
	return 0;
}

/*
 * The L4 checksum of the packet an ICMP error is about, as far as it is there; and the ICMP checksum, which covers it.
 * The change of the embedded address itself is undone in the ICMP sum by that of the embedded IP checksum.
 */
INLINE long replace_in_embedded_l4(struct __sk_buff *skb, const struct iphdr *ip, __u32 icmp, __be32 from, __be32 to)
{
	__u32 field = icmp + ICMP_HEADER + ip->ihl * 4;
	__u16 before, after;

	if (ip->frag_off & bpf_htons(IP_FRAGMENT_OFFSET))
		return 0;
	if (ip->protocol == IPPROTO_UDP)
		field += offsetof(struct udphdr, check);
	else if (ip->protocol == IPPROTO_TCP)
		field += offsetof(struct tcphdr, check);
	else
		return 0;
	/* TCP's is beyond the eight bytes that RFC 792 asks for: often it is not there. */
	if (bpf_skb_load_bytes(skb, field, &before, sizeof(before)) || (ip->protocol == IPPROTO_UDP && !before))
		return 0;
	after = ~fold((__u64)(__u16)~before + (__u32)~from + to);
	if (ip->protocol == IPPROTO_UDP && !after)
		after = 0xffff;
	long failed = bpf_skb_store_bytes(skb, field, &after, sizeof(after), 0);

	return failed ?: bpf_l4_csum_replace(skb, icmp + ICMP_CHECKSUM, before, after, sizeof(after));
}

/* Replaces the source of the packet an ICMP error is about, if `map` has another for it. */
INLINE long replace_embedded_source(struct __sk_buff *skb, void *map, __u32 icmp)
{
	__u32 header = icmp + ICMP_HEADER;
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, header, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return 0;
	__be32 *to = bpf_map_lookup_elem(map, &ip.saddr);

	if (!to)
		return 0;
	__be32 other = *to;
	long failed = replace_in_header(skb, header, offsetof(struct iphdr, saddr), ip.saddr, other);

	return failed ?: replace_in_embedded_l4(skb, &ip, icmp, ip.saddr, other);
}
