/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "csum.h"
#include "geneve.h"

/* What reading a tunnel packet found. Offsets are from the start of the frame. */
struct tunnel {
	__be32 tep;	  /* outer source */
	__u32 vni;
	__u32 inner;	  /* inner Ethernet header */
	__u32 end;	  /* of the UDP datagram */
	__be16 protocol;  /* GENEVE's */
	__u8 outer_tos;
	bool control;	  /* O bit */
};

#define NOT_OURS (-2)

/* UDP's header and what follows it in nearly every tunnel packet: read at once. What is not there is zero. */
struct tunnel_headers {
	struct udphdr udp;
	struct geneve_header geneve;
	struct tunnel_option option;
};

INLINE bool load_headers(struct __sk_buff *skb, __u32 udp, struct tunnel_headers *h)
{
	if (!bpf_skb_load_bytes(skb, udp, h, sizeof(*h)))
		return true;
	__builtin_memset(h, 0, sizeof(*h));
	if (bpf_skb_load_bytes(skb, udp, &h->udp, sizeof(h->udp)))
		return false;
	bpf_skb_load_bytes(skb, udp + sizeof(h->udp), &h->geneve, sizeof(h->geneve));
	return true;
}

INLINE bool ip_checksum_right(struct __sk_buff *skb, const struct iphdr *ip)
{
	if (ip->ihl == 5)
		return fold(sum_ip_header(ip)) == 0xffff;
	return sum_packet(skb, ETH_HLEN, ip->ihl * 4) == 0xffff;
}

/* A local peer may have summed over an inner checksum that is still to be filled in: see sum_finished_packet(). */
SEPARATE bool checksum_right_when_finished(struct __sk_buff *skb, __u32 udp, __u32 length, __u32 pseudo)
{
	struct geneve_header geneve;
	__u32 inner;

	if (bpf_skb_load_bytes(skb, udp + sizeof(struct udphdr), &geneve, sizeof(geneve)))
		return false;
	inner = sizeof(struct udphdr) + sizeof(geneve) + (geneve.version_and_words & 0x3f) * 4 + ETH_HLEN;
	if (inner >= length)
		return false;
	int before = sum_packet(skb, udp, inner);
	int after = sum_finished_packet(skb, udp + inner, length - inner);

	return before >= 0 && after >= 0 && fold((__u64)pseudo + before + after) == 0xffff;
}

/*
 * Whether a UDP checksum that is present is right (RFC 8926 §3.3). Three kinds are taken on trust: what the NIC has
 * verified; aggregates, whose parts were verified before; and a field that holds the pseudo header's sum, which is
 * how a peer on this machine leaves it for a device that never comes (CHECKSUM_PARTIAL).
 */
INLINE bool udp_checksum_right(struct __sk_buff *skb, const struct iphdr *ip, __u32 udp, __u16 check, __u16 length)
{
	__u32 pseudo = sum_pseudo_header(ip->saddr, ip->daddr, IPPROTO_UDP, length);

	if (skb->gso_size || bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0 || check == pseudo)
		return true;
	int sum = sum_packet(skb, udp, length);

	if (sum >= 0 && fold((__u64)pseudo + sum) == 0xffff)
		return true;
	return checksum_right_when_finished(skb, udp, length, pseudo);
}

/* Outer IP and UDP. Gives NOT_OURS for what the stack must see. Leaves `t->inner` at the UDP header. */
INLINE int read_outer(struct __sk_buff *skb, const struct gateway *gw, struct tunnel *t, struct tunnel_headers *h)
{
	struct iphdr *ip;

	if (!AT(skb, ETH_HLEN, ip) || ip->version != 4 || ip->ihl < 5 || ip->protocol != IPPROTO_UDP ||
	    ip->daddr != gw->tep)
		return NOT_OURS;
	/* Later fragments do not say whose they are. If GENEVE's, they wait in vain for the first. */
	if (ip->frag_off & bpf_htons(IP_FRAGMENT_OFFSET))
		return NOT_OURS;
	t->inner = ETH_HLEN + ip->ihl * 4;
	if (!load_headers(skb, t->inner, h) || h->udp.dest != gw->port)
		return NOT_OURS;
	if (ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS))
		return DROP_OUTER_FRAGMENT;

	__u32 length = bpf_ntohs(h->udp.len);
	__u32 total = bpf_ntohs(ip->tot_len);

	/* The length fields of an aggregate may be those of one part. */
	if (skb->gso_size)
		length = skb->len - t->inner;
	else if (length < sizeof(h->udp) || t->inner + length > ETH_HLEN + total || ETH_HLEN + total > skb->len)
		return DROP_OUTER_MALFORMED;
	if (!ip_checksum_right(skb, ip) || (h->udp.check && !udp_checksum_right(skb, ip, t->inner, h->udp.check, length)))
		return DROP_OUTER_CHECKSUM;
	t->tep = ip->saddr;
	t->outer_tos = ip->tos;
	t->end = t->inner + length;
	return NO_DROP;
}

/* The GENEVE header and its options: RFC 8926 §3.4, §3.5. Leaves `t->inner` at the inner Ethernet header. */
INLINE int read_geneve(struct __sk_buff *skb, const struct gateway *gw, struct tunnel *t, const struct tunnel_headers *h)
{
	__u32 options = t->inner + sizeof(h->udp) + sizeof(h->geneve);
	__u32 space = (h->geneve.version_and_words & 0x3f) * 4;

	if (options > t->end)
		return DROP_GENEVE_TRUNCATED;
	if (h->geneve.version_and_words & 0xc0)
		return DROP_GENEVE_VERSION;
	if (options + space > t->end)
		return DROP_GENEVE_TRUNCATED;
	t->vni = geneve_vni(&h->geneve);
	t->protocol = h->geneve.protocol;
	t->control = h->geneve.flags & GENEVE_CONTROL;
	t->inner = options + space;
	if (space == 0 || (space == sizeof(h->option) && option_is_ours(&h->option.header, gw)))
		return NO_DROP;
	return check_options(skb, gw, options, options + space);
}
