/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "count.h"
#include "csum.h"
#include "encap.h"

/*
 * The flow cache: what the kernel did with a connection's packets, done again to those that follow. nftables,
 * connection tracking and routing decide; flows.bpf.c learns what they decided; here it is repeated.
 *
 * A flow holds for 3.7 to 4.3 seconds, then one of its packets goes the long way, which keeps the connection's and its
 * neighbour's timers alive, and the flow is learned anew. It is void at once when anything of ours changes
 * (flow_generation). Whatever is unusual about a packet sends it the long way; one that opens or closes a connection
 * makes both directions be forgotten as well.
 */

/* On packets that leave by a flow: the uplink need not judge their source again. "flow" in ASCII. */
#define FLOW_MARK 0x666c6f77

#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4

/* Ethernet's least payload: what is shorter may have been padded to it. */
#define ETH_PADDED 46

/* The packet is as long as it says. An aggregate's length is the kernel's business. */
INLINE bool is_whole(const struct __sk_buff *skb, const struct iphdr *ip, __u32 bytes)
{
	__u32 length = bpf_ntohs(ip->tot_len);

	return length == bytes || (length < bytes && bytes <= ETH_PADDED) || skb->gso_size;
}

/*
 * No options, not a fragment, far enough from its end, sound, long enough to have ports, and whole: `bytes` are there
 * from its first on.
 */
INLINE bool is_plain(const struct __sk_buff *skb, const struct iphdr *ip, __u32 bytes)
{
	return *(__u8 *)ip == 0x45 && !(ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS | IP_FRAGMENT_OFFSET)) &&
	       ip->ttl > 1 && is_whole(skb, ip, bytes) &&
	       bpf_ntohs(ip->tot_len) >= sizeof(*ip) + sizeof(struct udphdr) && fold(sum_ip_header(ip)) == 0xffff;
}

/* Copies the IPv4 header right after Ethernet's, if it is a plain one and the packet is there. */
INLINE bool read_plain_ip(struct __sk_buff *skb, struct iphdr *ip)
{
	struct iphdr *header;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return false;
	make_linear(skb, ETH_HLEN + sizeof(*ip));
	if (!AT(skb, ETH_HLEN, header))
		return false;
	*ip = *header;
	return is_plain(skb, ip, skb->len - ETH_HLEN);
}

/* TCP's header up to its flags; UDP's as far as it goes. */
struct transport {
	__be16 sport;
	__be16 dport;
	__u8 between[8];
	__u8 words; /* TCP: data offset 4, reserved 4 */
	__u8 flags;
} __attribute__((packed, aligned(2)));

/* Copies it from `l4`, which is a constant. False when the packet has no flow. */
INLINE bool read_transport(struct __sk_buff *skb, const struct iphdr *ip, __u32 l4, struct transport *t)
{
	struct transport *tcp;
	struct udphdr *udp;

	make_linear(skb, l4 + sizeof(*t));
	if (ip->protocol == IPPROTO_TCP) {
		if (!AT(skb, l4, tcp))
			return false;
		*t = *tcp;
		return true;
	}
	if (ip->protocol != IPPROTO_UDP || !AT(skb, l4, udp))
		return false;
	t->sport = udp->source;
	t->dport = udp->dest;
	t->flags = 0;
	return true;
}

/* The same where the offset is no constant. */
INLINE bool load_transport(struct __sk_buff *skb, const struct iphdr *ip, __u32 l4, struct transport *t)
{
	if (ip->protocol == IPPROTO_TCP)
		return !bpf_skb_load_bytes(skb, l4, t, sizeof(*t));
	if (ip->protocol != IPPROTO_UDP || bpf_skb_load_bytes(skb, l4, t, sizeof(struct udphdr)))
		return false;
	t->flags = 0;
	return true;
}

INLINE void make_key(struct flow_key *key, const struct iphdr *ip, const struct transport *t, __u8 side)
{
	key->source = ip->saddr;
	key->destination = ip->daddr;
	key->sport = t->sport;
	key->dport = t->dport;
	key->protocol = ip->protocol;
	key->side = side;
	key->reserved = 0;
}

INLINE bool is_current(const struct flow *flow)
{
	__u32 zero = 0;
	const struct generation *now = bpf_map_lookup_elem(&flow_generation, &zero);

	return now && flow->generation == now->number &&
	       (__s32)((__u32)(bpf_ktime_get_coarse_ns() >> 20) - flow->until) < 0;
}

/*
 * Whether the packet has its header and is no larger than the way it goes. An oversize one is the kernel's to refuse: it
 * sends the ICMP error.
 */
INLINE bool fits(const struct __sk_buff *skb, const struct flow *flow, const struct iphdr *ip, const struct transport *t)
{
	__u32 header = sizeof(*ip) + (ip->protocol == IPPROTO_TCP ? (t->words >> 4) * 4 : sizeof(struct udphdr));
	__u32 length = bpf_ntohs(ip->tot_len);

	return header <= length && (skb->gso_size ? skb->gso_size + header : length) <= flow->mtu;
}

/* Adds what the flow carried to what its translation did, before the flow is gone. */
INLINE void settle(const struct flow *flow)
{
	const struct counter none = {};
	struct counter *c;

	if (!flow->mark || !flow->packets)
		return;
	bpf_map_update_elem(&flow_counters, &flow->mark, &none, BPF_NOEXIST);
	c = bpf_map_lookup_elem(&flow_counters, &flow->mark);
	if (c) {
		__sync_fetch_and_add(&c->packets, flow->packets);
		__sync_fetch_and_add(&c->bytes, flow->bytes);
	}
}

INLINE void forget(const struct flow_key *key, const struct flow *flow)
{
	settle(flow);
	bpf_map_delete_elem(&flows, key);
}

/* Forgets both directions. */
INLINE void forget_both(const struct flow_key *key, const struct flow *flow)
{
	struct flow_key answers = {
		.source = flow->destination,
		.destination = flow->source,
		.sport = flow->dport,
		.dport = flow->sport,
		.protocol = key->protocol,
		.side = flow->side,
	};
	const struct flow *back = bpf_map_lookup_elem(&flows, &answers);

	if (back)
		forget(&answers, back);
	forget(key, flow);
}

/* The flow of a plain packet, or NULL. Fills in `key`. */
INLINE struct flow *find_flow(const struct iphdr *ip, const struct transport *t, __u8 side, struct flow_key *key)
{
	make_key(key, ip, t, side);
	return bpf_map_lookup_elem(&flows, key);
}

/* Whether the packet may follow a flow that is current or not. */
INLINE bool may_follow(const struct __sk_buff *skb, const struct flow_key *key, const struct flow *flow, bool current,
		       const struct iphdr *ip, const struct transport *t)
{
	if (t->flags & (TCP_FIN | TCP_SYN | TCP_RST)) {
		forget_both(key, flow);
		return false;
	}
	return current && fits(skb, flow, ip, t);
}

/* The flow that a plain packet, whose IPv4 header follows Ethernet's, may follow; or NULL. Fills in `key`. */
INLINE struct flow *known_flow(struct __sk_buff *skb, const struct gateway *gw, const struct iphdr *ip, __u8 side,
			       struct flow_key *key)
{
	struct transport t;
	struct flow *flow;

	if (!gw->flow_cache || !read_transport(skb, ip, ETH_HLEN + sizeof(*ip), &t))
		return NULL;
	flow = find_flow(ip, &t, side, key);
	return flow && may_follow(skb, key, flow, is_current(flow), ip, &t) ? flow : NULL;
}

/* Gives the packet, whose IPv4 header follows Ethernet's, the addresses and ports it leaves with; TTL less one. */
INLINE bool rewrite(struct __sk_buff *skb, const struct flow_key *key, const struct flow *flow)
{
	__u32 l4 = ETH_HLEN + sizeof(struct iphdr);
	__u32 check = l4 + (key->protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check));
	__u64 flags = key->protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	struct {
		struct iphdr ip;
		__be16 sport, dport;
	} __attribute__((packed, aligned(2))) *h;

	if (flow->address_sum && bpf_l4_csum_replace(skb, check, 0, flow->address_sum, flags | BPF_F_PSEUDO_HDR))
		return false;
	if (flow->port_sum && bpf_l4_csum_replace(skb, check, 0, flow->port_sum, flags))
		return false;
	if (!AT(skb, ETH_HLEN, h))
		return false;
	h->ip.saddr = flow->source;
	h->ip.daddr = flow->destination;
	h->sport = flow->sport;
	h->dport = flow->dport;
	h->ip.ttl--;
	/* TTL is the low byte of its word on these machines: one less is ~1 more. */
	h->ip.check = ~fold((__u64)(__u16)~h->ip.check + flow->address_sum + (__u16)~1);
	return true;
}

/* Does with a packet, out of any tunnel, what its flow says. */
INLINE int follow(struct __sk_buff *skb, const struct gateway *gw, const struct flow_key *key, struct flow *flow)
{
	struct tunnel_to to = { .tep = flow->tep, .vni = flow->vni, .mac = flow->mac, .hash = flow->hash };
	__u32 length = skb->len;
	struct iphdr *ip;
	int reason;

	if (!rewrite(skb, key, flow))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	/* Connections stay on one CPU: no two count at once. */
	flow->packets++;
	flow->bytes += length - ETH_HLEN;
	if (flow->tep) {
		if (!AT(skb, ETH_HLEN, ip))
			return drop(skb, DROP_ENCAPSULATION_FAILED);
		to.tos = outer_tos(gw, ip->tos);
		reason = enclose(skb, gw, &to);
		if (reason != NO_DROP)
			return drop(skb, reason);
	}
	if (!address_frame(skb, flow->to, flow->from))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	count_bytes(flow->tep ? PASS_FLOW_TUNNEL : PASS_FLOW_OUT, length);
	skb->mark = FLOW_MARK;
	return bpf_redirect(flow->device, 0);
}
