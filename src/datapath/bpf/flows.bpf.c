/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/*
 * What the flow cache is taught by. Packets come here on their long way into the stack, after the other programs of
 * their hook: each looks up the connection it belongs to, and if nothing is left to decide about it, writes down what
 * the kernel does with its packets. Needs the connection tracking functions that kernels offer to eBPF since 6.0;
 * where they are missing this object does not load, and everything goes the long way.
 */
#include "lib/flow.h"
#include "lib/next_hop.h"

/* linux/netfilter/nf_conntrack_common.h */
#define IPS_SEEN_REPLY (1 << 1)
#define IPS_CONFIRMED (1 << 3)
#define IPS_SEQ_ADJUST (1 << 6)
#define IPS_DYING (1 << 9)
#define IPS_TEMPLATE (1 << 11)
#define IPS_HELPER (1 << 13)
#define TCP_CONNTRACK_ESTABLISHED 3

/* Of the kernel's own types, what is read here; where it is, the loader finds out. */
struct nf_conntrack_man {
	union {
		__be32 ip;
	} u3;
	union {
		__be16 all;
	} u;
} __attribute__((preserve_access_index));

struct nf_conntrack_tuple {
	struct nf_conntrack_man src;
	struct {
		union {
			__be32 ip;
		} u3;
		union {
			__be16 all;
		} u;
	} dst;
} __attribute__((preserve_access_index));

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
} __attribute__((preserve_access_index));

struct ip_ct_tcp {
	__u8 state;
} __attribute__((preserve_access_index));

union nf_conntrack_proto {
	struct ip_ct_tcp tcp;
} __attribute__((preserve_access_index));

struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
	__u32 mark;
	union nf_conntrack_proto proto;
} __attribute__((preserve_access_index));

/* As it was when the functions came; the kernel tells by the size given. */
struct bpf_ct_opts___first {
	__s32 netns_id; /* -1: the packet's own */
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};

extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *, struct bpf_sock_tuple *, __u32,
					 struct bpf_ct_opts___first *, __u32) __ksym;
extern void bpf_ct_release(struct nf_conn *) __ksym;

/* Nothing is left to decide about it: answers were seen, and TCP's two sides are done opening and not yet closing. */
INLINE bool is_settled(const struct nf_conn *ct, __u8 protocol)
{
	const unsigned long must = IPS_CONFIRMED | IPS_SEEN_REPLY;
	const unsigned long must_not = IPS_DYING | IPS_SEQ_ADJUST | IPS_TEMPLATE | IPS_HELPER;

	return (ct->status & (must | must_not)) == must &&
	       (protocol != IPPROTO_TCP || ct->proto.tcp.state == TCP_CONNTRACK_ESTABLISHED);
}

/* What the connection makes of such a packet: it leaves as the inverse of the tuple its answers have. */
INLINE bool ask_connection(struct __sk_buff *skb, const struct iphdr *ip, const struct transport *t, struct flow *flow)
{
	struct bpf_ct_opts___first opts = { .netns_id = -1, .l4proto = ip->protocol };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *ct;
	bool settled;

	tuple.ipv4.saddr = ip->saddr;
	tuple.ipv4.daddr = ip->daddr;
	tuple.ipv4.sport = t->sport;
	tuple.ipv4.dport = t->dport;
	ct = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
	if (!ct)
		return false;
	settled = is_settled(ct, ip->protocol);
	flow->mark = ct->mark;
	flow->reply = opts.dir;
	if (opts.dir) {
		flow->source = ct->tuplehash[0].tuple.dst.u3.ip;
		flow->destination = ct->tuplehash[0].tuple.src.u3.ip;
		flow->sport = ct->tuplehash[0].tuple.dst.u.all;
		flow->dport = ct->tuplehash[0].tuple.src.u.all;
	} else {
		flow->source = ct->tuplehash[1].tuple.dst.u3.ip;
		flow->destination = ct->tuplehash[1].tuple.src.u3.ip;
		flow->sport = ct->tuplehash[1].tuple.dst.u.all;
		flow->dport = ct->tuplehash[1].tuple.src.u.all;
	}
	bpf_ct_release(ct);
	return settled;
}

/* Into the tunnel: who has the address, and how to get to its tunnel endpoint. */
INLINE bool find_endpoint(struct __sk_buff *skb, const struct gateway *gw, const struct devices *dev, struct flow *flow)
{
	const struct endpoint *e = bpf_map_lookup_elem(&endpoints, &flow->destination);
	struct next_hop hop = {};

	if (!e || ask_next_hop(skb, gw, dev->downlink, e->tep, &hop) != BPF_FIB_LKUP_RET_SUCCESS)
		return false;
	flow->tep = e->tep;
	flow->vni = e->vni;
	flow->hash = bpf_get_hash_recalc(skb);
	flow->device = hop.device;
	flow->side = SIDE_OVERLAY;
	__builtin_memcpy(flow->mac, e->mac, ETH_ALEN);
	__builtin_memcpy(flow->to, hop.to, ETH_ALEN);
	__builtin_memcpy(flow->from, hop.from, ETH_ALEN);
	return true;
}

/* Out of the uplink: by the address the cloud knows, or not at all. */
INLINE bool find_canonical(struct flow *flow)
{
	const __be32 *secondary = bpf_map_lookup_elem(&canonical_out, &flow->source);

	if (!secondary)
		return bpf_map_lookup_elem(&uplink_own, &flow->source);
	flow->source = *secondary;
	return true;
}

/* Where the kernel routes it, as it routes a packet with its first source and its last destination. */
INLINE bool ask_route(struct __sk_buff *skb, const struct gateway *gw, const struct iphdr *ip, struct flow *flow)
{
	const struct devices *dev = device_config();
	struct bpf_fib_lookup fib = {
		.family = 2 /* AF_INET */,
		.l4_protocol = ip->protocol,
		.sport = flow->sport,
		.dport = flow->dport,
		.tot_len = 68, /* IPv4's least MTU: any length makes it tell the route's */
		.ifindex = skb->ifindex,
		.tos = ip->tos,
		.ipv4_src = ip->saddr,
		.ipv4_dst = flow->destination,
	};

	if (!dev || bpf_fib_lookup(skb, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_SUCCESS)
		return false;
	flow->mtu = fib.mtu_result;
	if (fib.ifindex == dev->overlay)
		return find_endpoint(skb, gw, dev, flow);
	flow->device = fib.ifindex;
	__builtin_memcpy(flow->to, fib.dmac, ETH_ALEN);
	__builtin_memcpy(flow->from, fib.smac, ETH_ALEN);
	if (fib.ifindex == dev->downlink) {
		flow->side = SIDE_UNDERLAY;
		return true;
	}
	flow->side = SIDE_UPLINK;
	return fib.ifindex == dev->uplink && find_canonical(flow);
}

/* What the checksum of TCP or UDP changes by, and that of IP. */
INLINE void sum_changes(const struct flow_key *key, struct flow *flow)
{
	flow->address_sum =
		fold((__u64)(__u32)~key->source + (__u32)~key->destination + flow->source + flow->destination);
	flow->port_sum = fold((__u64)(__u16)~key->sport + (__u16)~key->dport + flow->sport + flow->dport);
	/* All ones is the other zero: nothing changes. */
	if (flow->address_sum == 0xffff)
		flow->address_sum = 0;
	if (flow->port_sum == 0xffff)
		flow->port_sum = 0;
}

/* Half a second apart at random, so that flows that began at once are not all learned anew at once. */
INLINE void date(struct flow *flow, const struct flow *before)
{
	__u64 now = bpf_ktime_get_coarse_ns();

	flow->until = (now >> 20) + 3584 + (bpf_get_prandom_u32() & 511);
	flow->since = before ? before->since : now >> 30;
	flow->packets = before ? before->packets : 0;
	flow->bytes = before ? before->bytes : 0;
}

/* Who sends from the address: packets of others are none of this flow. */
INLINE bool find_sender(const struct iphdr *ip, struct flow *flow)
{
	const struct endpoint *e = bpf_map_lookup_elem(&endpoints, &ip->saddr);

	if (!e)
		return false;
	flow->sender_tep = e->tep;
	flow->sender_vni = e->vni;
	__builtin_memcpy(flow->sender_mac, e->mac, ETH_ALEN);
	return true;
}

/*
 * Most connections are short, and learning one costs more than it saves. So a new one is learned by one in so many of its
 * packets, at random: a long one soon, a short one seldom, and nothing is kept about those that are not learned.
 */
INLINE bool is_left_out(const struct gateway *gw)
{
	return bpf_get_prandom_u32() & (gw->flow_cache - 1);
}

/*
 * The packet is as the stack will see it; its flow begins with what it showed when it came in, which on the uplink is
 * the secondary address.
 */
INLINE int learn(struct __sk_buff *skb, __u8 side)
{
	const struct gateway *gw = gateway_config();
	__u32 zero = 0;
	const struct generation *generation = bpf_map_lookup_elem(&flow_generation, &zero);
	const __be32 *secondary;
	struct flow_key key;
	struct flow flow = {};
	struct flow *before;
	struct transport t;
	struct iphdr ip;

	if (!gw || !gw->flow_cache || !generation || !read_plain_ip(skb, &ip) ||
	    !read_transport(skb, &ip, ETH_HLEN + sizeof(ip), &t) || t.flags & (TCP_FIN | TCP_SYN | TCP_RST))
		return TC_ACT_UNSPEC;
	make_key(&key, &ip, &t, side);
	if (side == SIDE_UPLINK) {
		secondary = bpf_map_lookup_elem(&canonical_out, &ip.daddr);
		if (secondary)
			key.destination = *secondary;
	}
	before = bpf_map_lookup_elem(&flows, &key);
	if (before ? is_current(before) : is_left_out(gw))
		return TC_ACT_UNSPEC;
	/* Read before what it stands for, so that a change meanwhile makes the flow void. */
	flow.generation = *(volatile const __u32 *)&generation->number;
	if (!ask_connection(skb, &ip, &t, &flow) || !ask_route(skb, gw, &ip, &flow) ||
	    (side == SIDE_OVERLAY && !find_sender(&ip, &flow))) {
		if (before)
			forget(&key, before);
		return TC_ACT_UNSPEC;
	}
	/* The same packets may belong to a new connection by now. */
	if (before && before->mark != flow.mark) {
		settle(before);
		before = NULL;
	}
	sum_changes(&key, &flow);
	date(&flow, before);
	bpf_map_update_elem(&flows, &key, &flow, BPF_ANY);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int uplink_learn(struct __sk_buff *skb)
{
	return learn(skb, SIDE_UPLINK);
}

SEC("tc")
int overlay_learn(struct __sk_buff *skb)
{
	return learn(skb, SIDE_OVERLAY);
}

SEC("tc")
int downlink_learn(struct __sk_buff *skb)
{
	return learn(skb, SIDE_UNDERLAY);
}

/* The kernel knows no string for Apache-2.0 OR GPL-2.0; this is the one of the two that it asks for. */
char terms[] SEC("license") = "GPL";
