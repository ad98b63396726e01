/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "count.h"
#include "encap.h"
#include "sender.h"

/* ARP for IPv4 over Ethernet, RFC 826. */
struct arp {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sender_mac[6];
	__be32 sender_ip;
	__u8 target_mac[6];
	__be32 target_ip;
} __attribute__((packed, aligned(2)));

#define ARP_ETHERNET 1
#define ARP_REQUEST 1
#define ARP_REPLY 2

struct arp_answer {
	struct tunnel_header tunnel;
	struct arp arp;
} __attribute__((packed, aligned(2)));

INLINE bool is_question(const struct arp *arp)
{
	return arp->hardware == bpf_htons(ARP_ETHERNET) && arp->protocol == bpf_htons(ETH_P_IP) &&
	       arp->hardware_length == 6 && arp->protocol_length == 4 && arp->operation == bpf_htons(ARP_REQUEST);
}

/* A sender address of zero is a probe (RFC 5227 §2.1.1): it claims nothing, and hears that the address is taken. */
INLINE int judge_arp(const struct tunnel *t, const struct arp *arp, const __u8 *source)
{
	__be32 claimed = arp->sender_ip;

	if (!mac_equal(arp->sender_mac, source))
		return DROP_SPOOFED_MAC;
	if (claimed && !is_bound(bpf_map_lookup_elem(&endpoints, &claimed), t, source))
		return DROP_SPOOFED_IP;
	struct segment *segment = bpf_map_lookup_elem(&segments, &t->vni);

	if (!is_question(arp) || !segment || !is_own(segment, arp->target_ip))
		return DROP_ARP_UNANSWERED;
	return NO_DROP;
}

/*
 * Turns the question into its answer and sends it back the way it came. Everything but the outer Ethernet header is
 * taken off first: that also ends a checksum offload which the asker's outer header may still be waiting for.
 */
INLINE int send_arp_answer(struct __sk_buff *skb, const struct gateway *gw, const struct tunnel *t,
			   const struct arp *question)
{
	const struct devices *dev = device_config();
	struct tunnel_to to = {
		.tep = t->tep,
		.vni = t->vni,
		.mac = question->sender_mac,
		.inner_protocol = bpf_htons(ETH_P_ARP),
		.inner_length = sizeof(struct arp),
		.hash = question->sender_ip ^ question->target_ip,
		.tos = gw->dscp == DSCP_INHERIT ? 0 : gw->dscp << 2,
	};
	__u8 mac[ETH_ALEN];

	if (!dev || bpf_skb_adjust_room(skb, -(__s32)t->inner, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO) ||
	    bpf_skb_change_tail(skb, ETH_HLEN + sizeof(struct arp), 0) ||
	    bpf_skb_adjust_room(skb, TUNNEL_ROOM, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	struct arp_answer *answer;

	if (!AT(skb, 0, answer))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	__builtin_memcpy(mac, answer->tunnel.outer.h_source, ETH_ALEN);
	__builtin_memcpy(answer->tunnel.outer.h_source, answer->tunnel.outer.h_dest, ETH_ALEN);
	__builtin_memcpy(answer->tunnel.outer.h_dest, mac, ETH_ALEN);
	write_tunnel_header(&answer->tunnel, gw, &to);

	answer->arp = *question;
	answer->arp.operation = bpf_htons(ARP_REPLY);
	__builtin_memcpy(answer->arp.sender_mac, gw->router_mac, ETH_ALEN);
	answer->arp.sender_ip = question->target_ip;
	__builtin_memcpy(answer->arp.target_mac, question->sender_mac, ETH_ALEN);
	answer->arp.target_ip = question->sender_ip;
	if (gw->full_checksum) {
		int sum = sum_packet(skb, sizeof(struct tunnel_header), sizeof(struct arp));

		if (sum < 0 || !write_tunnel_checksum(skb, gw, &to, sum))
			return drop(skb, DROP_ENCAPSULATION_FAILED);
	}
	count_pass(skb, PASS_ARP_ANSWERED);
	return bpf_redirect(dev->downlink, 0);
}

INLINE int answer_arp(struct __sk_buff *skb, const struct gateway *gw, const struct tunnel *t, const struct ethhdr *eth)
{
	__u32 offset = t->inner + ETH_HLEN;
	struct arp question;

	if (offset + sizeof(question) > t->end ||
	    bpf_skb_load_bytes(skb, offset, &question, sizeof(question)))
		return drop(skb, DROP_INNER_TRUNCATED);
	if (!mac_is_broadcast(eth->h_dest) && !mac_equal(eth->h_dest, gw->router_mac))
		return drop(skb, DROP_NOT_FOR_GATEWAY);
	int reason = judge_arp(t, &question, eth->h_source);

	return reason == NO_DROP ? send_arp_answer(skb, gw, t, &question) : drop(skb, reason);
}
