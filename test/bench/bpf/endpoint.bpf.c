/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/*
 * What stands at the far ends of a gateway under measurement, so cheap that it is never the bottleneck: a tunnel
 * endpoint with one VM behind it (GENEVE with an 8-byte option, or VXLAN), and a sink that counts and drops UDP.
 * Written without the product's headers: the two must agree on the wire, not in the source.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "sunk.h"

#define GENEVE_PORT 6081
#define VXLAN_PORT 4789
#define DONT_FRAGMENT 0x4000

struct ends {
	__u32 wire;	  /* interface that leads to the gateway */
	__u32 tap;	  /* interface that leads to the VM */
	__be32 tep;	  /* this tunnel endpoint */
	__be32 gateway;	  /* the gateway's */
	__u32 vni;
	__u32 vxlan;	  /* else GENEVE */
	__u32 plain;	  /* no tunnel at all */
	__u32 sink;	  /* whether UDP is counted and dropped */
	__u8 wire_mac[6];
	__u8 gateway_mac[6];
};
_Static_assert(sizeof(struct ends) == 44, "struct ends");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ends);
} ends SEC(".maps");

/* Eight bytes, of both encapsulations: flags, protocol (GENEVE's alone), VNI. */
struct tunnel {
	__u8 first;
	__u8 second;
	__be16 protocol;
	__be32 vni;
};

struct outer {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct tunnel tunnel;
} __attribute__((packed));

struct geneve_option {
	__be16 class;
	__u8 type;
	__u8 words;
	__be32 data;
};

static __always_inline const struct ends *config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ends, &zero);
}

static __always_inline int is_udp(struct __sk_buff *skb)
{
	__u8 protocol = 0;

	return skb->protocol == bpf_htons(ETH_P_IP) &&
	       !bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, protocol), &protocol, 1) &&
	       protocol == IPPROTO_UDP;
}

static __always_inline int sink(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&sunk, &zero);

	if (count)
		(*count)++;
	return TC_ACT_SHOT;
}

/* On the Internet's interface. */
SEC("tc")
int from_gateway(struct __sk_buff *skb)
{
	const struct ends *e = config();

	return e && e->sink && is_udp(skb) ? sink() : TC_ACT_OK;
}

/* On the VM's host, from the gateway: out of the tunnel, into the VM. */
SEC("tc")
int from_wire(struct __sk_buff *skb)
{
	const struct ends *e = config();
	struct outer h;
	struct ethhdr inner;

	if (e && e->sink && is_udp(skb))
		return sink();
	if (e && e->plain)
		return bpf_redirect(e->tap, 0);
	if (!e || !is_udp(skb) || bpf_skb_load_bytes(skb, 0, &h, sizeof(h)) ||
	    h.udp.dest != bpf_htons(e->vxlan ? VXLAN_PORT : GENEVE_PORT))
		return TC_ACT_OK;
	__u32 options = e->vxlan ? 0 : (h.tunnel.first & 0x3f) * 4;
	__u32 at = sizeof(h) + options;

	if (bpf_skb_load_bytes(skb, at, &inner, sizeof(inner)) ||
	    bpf_skb_adjust_room(skb, -(__s32)at, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return TC_ACT_SHOT;
	/* The outer Ethernet header stayed; it was addressed to this host, and that is all the VM's stack asks. */
	if (inner.h_proto == bpf_htons(ETH_P_IP))
		return bpf_redirect_peer(e->tap, 0);
	bpf_skb_store_bytes(skb, 0, &inner, sizeof(inner), 0);
	return bpf_redirect(e->tap, 0);
}

static __always_inline __u16 ip_checksum(const struct iphdr *ip)
{
	const __u16 *word = (const __u16 *)ip;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Room for the outer headers, in a frame that is cut on a wire alone: who cuts must know where the inner ones are. */
static __always_inline int make_room_in_aggregate(struct __sk_buff *skb, __u32 room)
{
	struct ethhdr inner;

	return bpf_skb_load_bytes(skb, 0, &inner, sizeof(inner)) ||
	       bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC,
				   BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 |
				   BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2(ETH_HLEN) |
				   BPF_F_ADJ_ROOM_ENCAP_L2_ETH) ||
	       bpf_skb_store_bytes(skb, room, &inner, sizeof(inner), 0);
}

/* On the VM's host, from the VM: frames into the tunnel, as whole as they are. */
SEC("tc")
int from_vm(struct __sk_buff *skb)
{
	const struct ends *e = config();
	__u32 length = skb->len, hash = bpf_get_hash_recalc(skb);
	struct geneve_option option = {.class = bpf_htons(0x0104), .type = 0x80, .words = 1};
	struct outer h = {};

	if (!e)
		return TC_ACT_SHOT;
	if (e->plain)
		return bpf_redirect(e->wire, 0);
	__u32 options = e->vxlan ? 0 : sizeof(option);
	__u32 room = sizeof(h) + options;

	__builtin_memcpy(h.eth.h_dest, e->gateway_mac, ETH_ALEN);
	__builtin_memcpy(h.eth.h_source, e->wire_mac, ETH_ALEN);
	h.eth.h_proto = bpf_htons(ETH_P_IP);
	h.ip.version = 4;
	h.ip.ihl = 5;
	h.ip.tot_len = bpf_htons(length + room - ETH_HLEN);
	h.ip.frag_off = bpf_htons(DONT_FRAGMENT);
	h.ip.ttl = 64;
	h.ip.protocol = IPPROTO_UDP;
	h.ip.saddr = e->tep;
	h.ip.daddr = e->gateway;
	h.ip.check = ip_checksum(&h.ip);
	h.udp.source = bpf_htons(0xc000 | ((hash ^ hash >> 16) & 0x3fff));
	h.udp.dest = bpf_htons(e->vxlan ? VXLAN_PORT : GENEVE_PORT);
	h.udp.len = bpf_htons(length + room - ETH_HLEN - sizeof(h.ip));
	h.tunnel.first = e->vxlan ? 0x08 : sizeof(option) / 4;
	h.tunnel.second = e->vxlan ? 0 : 0x40;
	h.tunnel.protocol = e->vxlan ? 0 : bpf_htons(ETH_P_TEB);
	h.tunnel.vni = bpf_htonl(e->vni << 8);
	if (skb->gso_size ? make_room_in_aggregate(skb, room) : bpf_skb_change_head(skb, room, 0))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, 0, &h, sizeof(h), 0))
		return TC_ACT_SHOT;
	if (!e->vxlan && bpf_skb_store_bytes(skb, sizeof(h), &option, sizeof(option), 0))
		return TC_ACT_SHOT;
	return bpf_redirect(e->wire, 0);
}

char terms[] SEC("license") = "GPL";
