/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "csum.h"
#include "ecn.h"
#include "geneve.h"

/* All that is put before an inner IP or ARP packet. */
struct tunnel_header {
	struct ethhdr outer;
	struct iphdr ip;
	struct udphdr udp;
	struct geneve_header geneve;
	struct tunnel_option option;
	struct ethhdr inner;
} __attribute__((packed, aligned(2)));

/* What it adds to a packet that has an Ethernet header already: 58. */
#define TUNNEL_ROOM (sizeof(struct tunnel_header) - ETH_HLEN)

/*
 * FIXED_GSO: segments keep their size, the tunnel header comes on top (without it a UDP GSO packet is refused).
 * ENCAP_L2 is the inner Ethernet header alone: the kernel finds the tunnel header's length from where that begins.
 */
#define TUNNEL_FLAGS                                                                                                   \
	(BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2_ETH |                    \
	 BPF_F_ADJ_ROOM_ENCAP_L2(ETH_HLEN) | BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET)

/*
 * Makes room for the tunnel header between the Ethernet header and what follows.
 *
 * A packet that was taken out of a tunnel as an aggregate still says that it is in one, and the kernel refuses to say
 * it twice (-EALREADY). What it says is true again once the header is back: the inner headers did not move in memory
 * and the GSO type is still there. So then only room is made.
 */
INLINE long make_tunnel_room(struct __sk_buff *skb)
{
	long failed = bpf_skb_adjust_room(skb, TUNNEL_ROOM, BPF_ADJ_ROOM_MAC, TUNNEL_FLAGS);

	if (failed == -114 /* EALREADY */)
		failed = bpf_skb_adjust_room(skb, TUNNEL_ROOM, BPF_ADJ_ROOM_MAC,
					     BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET);
	return failed;
}

struct tunnel_to {
	__be32 tep;
	__u32 vni;
	const __u8 *mac;
	__be16 inner_protocol;
	__u16 inner_length; /* without inner Ethernet */
	__u8 tos;
	__u32 hash; /* of the inner flow */
};

/* Writes everything but the outer Ethernet addresses and the UDP checksum, which is left zero. */
INLINE void write_tunnel_header(struct tunnel_header *h, const struct gateway *gw, const struct tunnel_to *to)
{
	__u32 udp_length = to->inner_length + TUNNEL_ROOM - sizeof(struct iphdr);

	h->outer.h_proto = bpf_htons(ETH_P_IP);
	*(__u8 *)&h->ip = 0x45;
	h->ip.tos = to->tos;
	h->ip.tot_len = bpf_htons(udp_length + sizeof(struct iphdr));
	h->ip.id = 0; /* atomic datagram, RFC 6864 §4.1 */
	h->ip.frag_off = bpf_htons(IP_DONT_FRAGMENT);
	h->ip.ttl = gw->ttl;
	h->ip.protocol = IPPROTO_UDP;
	h->ip.check = 0;
	h->ip.saddr = gw->tep;
	h->ip.daddr = to->tep;
	h->ip.check = ~fold(sum_ip_header(&h->ip));

	/* One flow, one source port, out of the dynamic range: RFC 8926 §3.3. */
	h->udp.source = bpf_htons(0xc000 | ((to->hash ^ to->hash >> 16) & 0x3fff));
	h->udp.dest = gw->port;
	h->udp.len = bpf_htons(udp_length);
	h->udp.check = 0;

	h->geneve.version_and_words = sizeof(struct tunnel_option) / 4;
	h->geneve.flags = gw->option_type & OPTION_CRITICAL ? GENEVE_CRITICAL : 0;
	h->geneve.protocol = bpf_htons(ETH_P_TEB);
	h->geneve.vni[0] = to->vni >> 16;
	h->geneve.vni[1] = to->vni >> 8;
	h->geneve.vni[2] = to->vni;
	h->geneve.reserved = 0;
	h->option.header.class = gw->option_class;
	h->option.header.type = gw->option_type;
	h->option.header.length = 1;
	h->option.data = gw->label;

	__builtin_memcpy(h->inner.h_dest, to->mac, ETH_ALEN);
	__builtin_memcpy(h->inner.h_source, gw->router_mac, ETH_ALEN);
	h->inner.h_proto = to->inner_protocol;
}

#define TUNNEL_UDP (ETH_HLEN + sizeof(struct iphdr))

/*
 * Fills in the outer UDP checksum over a header just written and an inner packet that sums up to `inner`. The field
 * itself is still zero.
 */
INLINE bool write_tunnel_checksum(struct __sk_buff *skb, const struct gateway *gw, const struct tunnel_to *to, __u32 inner)
{
	__u32 length = to->inner_length + TUNNEL_ROOM - sizeof(struct iphdr);
	int header = sum_packet(skb, TUNNEL_UDP, sizeof(struct tunnel_header) - TUNNEL_UDP);
	__u16 check;

	if (header < 0)
		return false;
	check = ~fold((__u64)sum_pseudo_header(gw->tep, to->tep, IPPROTO_UDP, length) + header + inner);
	if (!check)
		check = 0xffff;
	return !bpf_skb_store_bytes(skb, TUNNEL_UDP + offsetof(struct udphdr, check), &check, sizeof(check), 0);
}

/* Neither the outer packet's length field nor UDP's can say more. */
#define MAX_INNER (0xffff - TUNNEL_ROOM)

/*
 * Puts the whole packet into the tunnel; only the outer Ethernet addresses are still to be written. Fills in the
 * lengths and protocol of `to`. Gives a drop reason or NO_DROP.
 */
INLINE int enclose(struct __sk_buff *skb, const struct gateway *gw, struct tunnel_to *to)
{
	__u32 length = skb->len - ETH_HLEN;
	struct tunnel_header *h;
	int inner = -1;

	if (length > MAX_INNER)
		return DROP_OVERLAY_TOO_LARGE;
	to->inner_protocol = bpf_htons(ETH_P_IP);
	to->inner_length = length;
	/* Segments are cut after this: only zero is right for each of them. */
	if (gw->full_checksum && !skb->gso_size)
		inner = sum_finished_packet(skb, ETH_HLEN, length);
	if (make_tunnel_room(skb) || !AT(skb, 0, h))
		return DROP_ENCAPSULATION_FAILED;
	write_tunnel_header(h, gw, to);
	if (inner >= 0 && !write_tunnel_checksum(skb, gw, to, inner))
		return DROP_ENCAPSULATION_FAILED;
	return NO_DROP;
}

/* DSCP as configured (RFC 2983), ECN as it came: the normal mode of RFC 6040 §4.1. */
INLINE __u8 outer_tos(const struct gateway *gw, __u8 inner)
{
	return gw->dscp == DSCP_INHERIT ? inner : (__u8)(gw->dscp << 2 | (inner & ECN_MASK));
}

/* Writes the Ethernet addresses of the frame; false when it has none. */
INLINE bool address_frame(struct __sk_buff *skb, const __u8 *to, const __u8 *from)
{
	struct ethhdr *eth;

	if (!AT(skb, 0, eth))
		return false;
	__builtin_memcpy(eth->h_dest, to, ETH_ALEN);
	__builtin_memcpy(eth->h_source, from, ETH_ALEN);
	return true;
}
