/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "canonical.h"

/*
 * Sources beside the tunnel. Each side carries only what is reached through it (strict reverse path, RFC 3704 §2.2), by
 * a table of prefixes that is made of what is desired. Flows need not ask: their sources were judged when they were
 * learned.
 */

#define ICMP_REDIRECT 5
#define BOOTP_SERVER 67
#define BOOTP_CLIENT 68
#define SOURCE_BITS (8 * (sizeof(struct source_key) - sizeof(__u32)))

INLINE const struct source *find_source(__u32 side, __be32 address)
{
	struct source_key key = { .bits = SOURCE_BITS, .side = side, .address = address };

	return bpf_map_lookup_elem(&sources, &key);
}

/* Connection tracking takes a redirect for an error too: nf_conntrack_icmp_error(). */
INLINE bool is_any_icmp_error(struct __sk_buff *skb, const struct iphdr *ip, __u32 l4)
{
	__u8 type;

	return is_icmp_error(skb, ip, l4) ||
	       (ip->protocol == IPPROTO_ICMP && !(ip->frag_off & bpf_htons(IP_FRAGMENT_OFFSET)) &&
		!bpf_skb_load_bytes(skb, l4, &type, sizeof(type)) && type == ICMP_REDIRECT);
}

/*
 * Where the packet that an ICMP error is about was going. False when that is not to be seen. An error is never in
 * fragments (RFC 1812 §4.3.2.3: at most 576 bytes): its packet would stand in the second.
 */
INLINE bool read_embedded_destination(struct __sk_buff *skb, const struct iphdr *ip, __u32 icmp, __be32 *destination)
{
	return !(ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS)) &&
	       !bpf_skb_load_bytes(skb, icmp + ICMP_HEADER + offsetof(struct iphdr, daddr), destination,
				   sizeof(*destination));
}

/* Whether a VM's packet is an ICMP error about a packet that was not sent to this VM: it cannot have had it. */
INLINE bool is_foreign_error(struct __sk_buff *skb, const struct iphdr *ip, __u32 l4)
{
	__be32 destination;

	return ip->protocol == IPPROTO_ICMP && is_any_icmp_error(skb, ip, l4) &&
	       (!read_embedded_destination(skb, ip, l4, &destination) || destination != ip->saddr);
}

INLINE bool is_dhcp_answer(struct __sk_buff *skb, const struct iphdr *ip, __u32 l4)
{
	struct udphdr udp;

	return ip->protocol == IPPROTO_UDP && !(ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS | IP_FRAGMENT_OFFSET)) &&
	       !bpf_skb_load_bytes(skb, l4, &udp, sizeof(udp)) && udp.source == bpf_htons(BOOTP_SERVER) &&
	       udp.dest == bpf_htons(BOOTP_CLIENT);
}

/* An error is believed where the packet it is about has left: by the side on which its destination is. */
INLINE int judge_error(struct __sk_buff *skb, const struct gateway *gw, const struct iphdr *ip, __u32 l4, __u32 side)
{
	const struct source *about;
	__be32 destination;

	/* About tunnel packets, and what else the gateway itself has sent. */
	if (side == SIDE_UNDERLAY && gw && ip->daddr == gw->tep)
		return NO_DROP;
	if (!read_embedded_destination(skb, ip, l4, &destination))
		return DROP_ERROR_ELSEWHERE;
	about = find_source(side, destination);
	return !about || about->believed == BELIEVE_ALL ? NO_DROP : DROP_ERROR_ELSEWHERE;
}

/* Why a packet beside the tunnel is refused for its source, or NO_DROP. */
INLINE int judge_source(struct __sk_buff *skb, const struct gateway *gw, const struct iphdr *ip, __u32 l4, __u32 side)
{
	const struct source *source = find_source(side, ip->saddr);
	__u32 believed = source ? source->believed : BELIEVE_ALL;
	bool error = ip->protocol == IPPROTO_ICMP && is_any_icmp_error(skb, ip, l4);

	if (believed == BELIEVE_ALL || (error && (believed == BELIEVE_ERRORS || believed == BELIEVE_ROUTER)) ||
	    (believed == BELIEVE_ROUTER && is_dhcp_answer(skb, ip, l4)) ||
	    (believed == BELIEVE_GATEWAY && gw && ip->daddr == gw->tep))
		return error ? judge_error(skb, gw, ip, l4, side) : NO_DROP;
	return source ? source->reason : NO_DROP;
}
