/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/*
 * Ingress of the downlink: out of the tunnel. In the order of a packet's headers: outer IP and UDP, GENEVE, who sent
 * it, what is inside. Inner IPv4 to the router goes to the overlay device; ARP is answered here; DHCP and tunnel
 * control packets go whole to the daemon's socket.
 */
#include "lib/arp.h"
#include "lib/budget.h"
#include "lib/count.h"
#include "lib/ecn.h"
#include "lib/flow.h"
#include "lib/fragments.h"
#include "lib/outer.h"
#include "lib/sender.h"
#include "lib/source.h"

#define DHCP_SERVER_PORT 67

/* The inner packet: copies, as pointers into the packet do not outlive its being pulled or cut. */
struct inner {
	__u16 align; /* so that nothing lies between the headers */
	struct ethhdr eth;
	struct iphdr ip;
	struct transport l4; /* of a plain packet with ports */
	bool plain;
};

#define VLAN_ID_MASK 0x0fff
#define PRIORITY_TAG 4

#define INNER_HEADERS (ETH_HLEN + sizeof(struct iphdr))

INLINE int to_socket(struct __sk_buff *skb, __u32 class, __u32 per_second, __u32 pass)
{
	if (!within_budget(class, per_second))
		return drop(skb, DROP_CONTROL_RATE);
	return let_pass(skb, pass);
}

/* DHCP of one segment port. A relay asks for many, within the rate of all. */
INLINE bool port_may_ask(const struct gateway *gw, const struct tunnel *t, const __u8 *source)
{
	struct control_sender sender = { .vni = t->vni, .tep = t->tep, .class = CONTROL_DHCP };
	struct member nic = { .vni = t->vni, .tep = t->tep };
	const struct present *found;

	__builtin_memcpy(nic.mac, source, ETH_ALEN);
	found = bpf_map_lookup_elem(&members, &nic);
	if (found && found->present == MEMBER_RELAY)
		return true;
	__builtin_memcpy(sender.mac, source, ETH_ALEN);
	return within_sender_budget(&sender, gw->dhcp_per_port);
}

/* Whether the packet asks the gateway's DHCP server: unfragmented, to everyone or to the gateway's own address. */
INLINE bool is_dhcp(struct __sk_buff *skb, const struct tunnel *t, const struct inner *in)
{
	struct udphdr udp;
	__u32 offset = t->inner + ETH_HLEN + in->ip.ihl * 4;

	if (in->ip.protocol != IPPROTO_UDP || in->ip.frag_off & bpf_htons(IP_MORE_FRAGMENTS | IP_FRAGMENT_OFFSET) ||
	    offset + sizeof(udp) > t->end || bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp)) ||
	    udp.dest != bpf_htons(DHCP_SERVER_PORT))
		return false;
	if (mac_is_broadcast(in->eth.h_dest) || in->ip.daddr == 0xffffffff)
		return true;
	struct segment *segment = bpf_map_lookup_elem(&segments, &t->vni);

	return segment && is_own(segment, in->ip.daddr);
}

/* Takes the tunnel off: what is left looks as if the router had received it from the VM. */
INLINE bool decapsulate(struct __sk_buff *skb, const struct gateway *gw, const struct tunnel *t, const struct inner *in)
{
	if (bpf_skb_adjust_room(skb, -(__s32)t->inner, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return false;
	/* What the NIC has verified was counted from the outer UDP header, which is gone. */
	bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
	return address_frame(skb, gw->router_mac, in->eth.h_source);
}

/*
 * Whether it is a frame of TCP that may yet be merged with others, or must not overtake those that wait to be. A bare
 * acknowledgement is neither: no receiver minds where it comes among the data.
 */
INLINE bool is_mergeable(const struct __sk_buff *skb, const struct inner *in)
{
	__u32 headers = sizeof(in->ip) + (in->l4.words >> 4) * 4;

	return in->plain && in->ip.protocol == IPPROTO_TCP && !skb->gso_size &&
	       (bpf_ntohs(in->ip.tot_len) != headers || in->l4.flags & (TCP_FIN | TCP_RST));
}

/*
 * Gives an inner packet to its flow or to the overlay device. What may be merged goes through the device's peer, where
 * it is aggregated again (GRO), and looks for its flow then; for the rest that hop would be for nothing.
 */
INLINE int pass_on(struct __sk_buff *skb, const struct gateway *gw, const struct tunnel *t, const struct inner *in,
		   const struct flow_key *key, struct flow *flow)
{
	const struct devices *dev = device_config();

	if (!dev || !dev->overlay || !dev->overlay_in || !decapsulate(skb, gw, t, in))
		return drop(skb, DROP_ENCAPSULATION_FAILED);
	count_pass(skb, PASS_DECAPSULATED);
	if (flow)
		return follow(skb, gw, key, flow);
	return is_mergeable(skb, in) ? bpf_redirect(dev->overlay_in, 0) : bpf_redirect(dev->overlay, BPF_F_INGRESS);
}

/* Whether an inner IPv4 header agrees with the datagram it came in. */
INLINE bool inner_lengths_right(const struct __sk_buff *skb, const struct tunnel *t, const struct iphdr *ip)
{
	__u32 total = bpf_ntohs(ip->tot_len);

	if (ip->version != 4 || ip->ihl < 5)
		return false;
	return skb->gso_size || (total >= ip->ihl * 4u && t->inner + ETH_HLEN + total <= t->end);
}

/* RFC 6040 on the way in: the outer header's congestion mark comes along, or the packet does not. */
INLINE int carry_ecn(struct __sk_buff *skb, const struct tunnel *t, const struct inner *in)
{
	int ecn = ecn_after_decapsulation(in->ip.tos, t->outer_tos);

	if (ecn < 0)
		return DROP_ECN_UNCAPABLE;
	if (ecn != (in->ip.tos & ECN_MASK) && set_ecn(skb, t->inner + ETH_HLEN, in->ip.tos, ecn))
		return DROP_ENCAPSULATION_FAILED;
	return NO_DROP;
}

/* The flow an inner packet may follow, or NULL. */
INLINE struct flow *inner_flow(struct __sk_buff *skb, const struct gateway *gw, const struct inner *in,
			       struct flow_key *key)
{
	struct flow *flow;

	if (!gw->flow_cache || !in->plain || is_mergeable(skb, in))
		return NULL;
	flow = find_flow(&in->ip, &in->l4, SIDE_OVERLAY, key);
	return flow && may_follow(skb, key, flow, is_current(flow), &in->ip, &in->l4) ? flow : NULL;
}

INLINE int inner_ipv4(struct __sk_buff *skb, const struct gateway *gw, const struct tunnel *t, struct inner *in)
{
	struct flow_key key;
	int reason;

	if (!inner_lengths_right(skb, t, &in->ip))
		return drop(skb, DROP_INNER_TRUNCATED);
	const struct endpoint *owner = bpf_map_lookup_elem(&endpoints, &in->ip.saddr);
	bool bound = is_bound(owner, t, in->eth.h_source);
	bool dhcp = is_dhcp(skb, t, in);

	if (!bound) {
		reason = judge_sender(t, in->eth.h_source);
		if (reason != NO_DROP)
			return drop(skb, reason);
		/* A NIC may ask for an address before it has one, or for one that nobody is known to have. */
		if (!dhcp || owner)
			return drop(skb, DROP_SPOOFED_IP);
	}
	if (!mac_equal(in->eth.h_dest, gw->router_mac) && !(dhcp && mac_is_broadcast(in->eth.h_dest)))
		return drop(skb, DROP_NOT_FOR_GATEWAY);
	if (is_foreign_error(skb, &in->ip, t->inner + ETH_HLEN + in->ip.ihl * 4))
		return drop(skb, DROP_ERROR_NOT_OWN);
	reason = carry_ecn(skb, t, in);
	if (reason != NO_DROP)
		return drop(skb, reason);
	if (dhcp && !port_may_ask(gw, t, in->eth.h_source))
		return drop(skb, DROP_CONTROL_RATE_PORT);
	if (dhcp)
		return to_socket(skb, CONTROL_DHCP, gw->dhcp_per_second, PASS_CONTROL_DHCP);
	reason = judge_fragment(&in->ip, t->end - t->inner - ETH_HLEN, SIDE_OVERLAY);
	if (reason != NO_DROP)
		return drop(skb, reason);
	in->plain = is_plain(skb, &in->ip, t->end - t->inner - ETH_HLEN) &&
		    load_transport(skb, &in->ip, t->inner + INNER_HEADERS, &in->l4);
	return pass_on(skb, gw, t, in, &key, inner_flow(skb, gw, in, &key));
}

/*
 * A frame tagged with VLAN 0 bears a priority and is in no VLAN (IEEE 802.1Q §6.9.1): it is taken as if it had no tag, of
 * which there may be one. Every other tag stays, and is no protocol of ours.
 */
INLINE void skip_priority_tag(struct __sk_buff *skb, struct tunnel *t, struct inner *in)
{
	struct {
		__be16 tag;
		__be16 protocol;
		struct iphdr ip;
	} behind;

	if (in->eth.h_proto != bpf_htons(ETH_P_8021Q) || t->inner + ETH_HLEN + sizeof(behind) > t->end ||
	    bpf_skb_load_bytes(skb, t->inner + ETH_HLEN, &behind, sizeof(behind)) ||
	    behind.tag & bpf_htons(VLAN_ID_MASK))
		return;
	t->inner += PRIORITY_TAG;
	in->eth.h_proto = behind.protocol;
	in->ip = behind.ip;
}

/* Everything that has a valid GENEVE header. */
INLINE int tunnel_payload(struct __sk_buff *skb, const struct gateway *gw, struct tunnel *t)
{
	struct inner in;
	int reason;

	/* RFC 8926 §3.4: control packets are never forwarded. What they carry need not be Ethernet. */
	if (t->control) {
		if (!bpf_map_lookup_elem(&teps, &t->tep))
			return drop(skb, DROP_UNKNOWN_TEP);
		struct control_sender sender = { .tep = t->tep, .class = CONTROL_OAM };

		if (!within_sender_budget(&sender, gw->oam_per_tep))
			return drop(skb, DROP_CONTROL_RATE_PORT);
		return to_socket(skb, CONTROL_OAM, gw->oam_per_second, PASS_CONTROL_OAM);
	}
	if (t->protocol != bpf_htons(ETH_P_TEB))
		return drop(skb, DROP_GENEVE_PROTOCOL);
	/* No frame of any protocol is this short: Ethernet's minimum is 60 bytes. */
	if (t->inner + INNER_HEADERS > t->end || bpf_skb_load_bytes(skb, t->inner, &in.eth, INNER_HEADERS))
		return drop(skb, DROP_INNER_TRUNCATED);
	skip_priority_tag(skb, t, &in);
	if (in.eth.h_proto == bpf_htons(ETH_P_IP))
		return inner_ipv4(skb, gw, t, &in);
	reason = judge_sender(t, in.eth.h_source);
	if (reason != NO_DROP)
		return drop(skb, reason);
	if (in.eth.h_proto == bpf_htons(ETH_P_ARP))
		return answer_arp(skb, gw, t, &in.eth);
	return drop(skb, DROP_INNER_PROTOCOL);
}

/* What comes beside the tunnel: from the VPC, for a VM or for this machine. */
INLINE int underlay_packet(struct __sk_buff *skb, const struct gateway *gw)
{
	struct flow_key key;
	struct flow *flow;
	struct iphdr ip;
	int reason;

	if (read_plain_ip(skb, &ip)) {
		flow = known_flow(skb, gw, &ip, SIDE_UNDERLAY, &key);
		if (flow)
			return follow(skb, gw, &key, flow);
	}
	/* What is cut short or contradicts itself is the stack's to drop. */
	if (!bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip))) {
		reason = judge_source(skb, gw, &ip, ETH_HLEN + ip.ihl * 4, SIDE_UNDERLAY);
		if (reason == NO_DROP)
			reason = judge_fragment(&ip, skb->len - ETH_HLEN, SIDE_UNDERLAY);
		if (reason != NO_DROP)
			return drop(skb, reason);
	}
	return let_pass(skb, PASS_DOWNLINK_OTHER);
}

/*
 * The shape of nearly every packet: no options in either IP header, the option we know and no other, what is inside for
 * the router, nothing to correct. All that is asked of any packet is asked of these too, but at one go.
 */
struct usual {
	struct tunnel_header tunnel;
	struct iphdr ip;
	struct transport l4;
} __attribute__((packed, aligned(2)));

INLINE bool is_usual_tunnel(const struct __sk_buff *skb, const struct gateway *gw, const struct tunnel_header *h)
{
	__u32 length = skb->len - ETH_HLEN;

	return *(__u8 *)&h->ip == 0x45 && h->ip.protocol == IPPROTO_UDP && h->ip.daddr == gw->tep &&
	       !(h->ip.frag_off & bpf_htons(IP_MORE_FRAGMENTS | IP_FRAGMENT_OFFSET)) &&
	       h->udp.dest == gw->port && h->udp.check == 0 &&
	       (skb->gso_size || (h->ip.tot_len == bpf_htons(length) &&
				  h->udp.len == bpf_htons(length - sizeof(h->ip)))) &&
	       h->geneve.version_and_words == sizeof(h->option) / 4 && !(h->geneve.flags & GENEVE_CONTROL) &&
	       h->geneve.protocol == bpf_htons(ETH_P_TEB) && option_is_ours(&h->option.header, gw) &&
	       fold(sum_ip_header(&h->ip)) == 0xffff;
}

INLINE bool is_usual_inside(const struct __sk_buff *skb, const struct gateway *gw, const struct usual *u)
{
	__u8 outer_ecn = u->tunnel.ip.tos & ECN_MASK;

	return u->tunnel.inner.h_proto == bpf_htons(ETH_P_IP) && mac_equal(u->tunnel.inner.h_dest, gw->router_mac) &&
	       (!outer_ecn || outer_ecn == (u->ip.tos & ECN_MASK)) &&
	       is_plain(skb, &u->ip, skb->len - sizeof(u->tunnel)) &&
	       (u->ip.protocol == IPPROTO_TCP || u->ip.protocol == IPPROTO_UDP);
}

/* The sender as a current flow knows it, else as the map of endpoints does. */
INLINE bool is_from_sender(const struct flow *flow, const struct tunnel *t, const struct inner *in)
{
	if (flow)
		return flow->sender_tep == t->tep && flow->sender_vni == t->vni &&
		       mac_equal(flow->sender_mac, in->eth.h_source);
	return is_bound(bpf_map_lookup_elem(&endpoints, &in->ip.saddr), t, in->eth.h_source);
}

/* Whether the packet was of the usual shape and from its sender; then `verdict` is what became of it. */
INLINE bool pass_usual(struct __sk_buff *skb, const struct gateway *gw, int *verdict)
{
	struct tunnel t = { .inner = offsetof(struct usual, tunnel.inner) };
	struct flow *flow = NULL;
	struct flow_key key;
	struct inner in;
	struct usual *u;
	bool current;

	make_linear(skb, sizeof(*u));
	if (!AT(skb, 0, u) || !is_usual_tunnel(skb, gw, &u->tunnel) || !is_usual_inside(skb, gw, u))
		return false;
	t.tep = u->tunnel.ip.saddr;
	t.vni = geneve_vni(&u->tunnel.geneve);
	in.eth = u->tunnel.inner;
	in.ip = u->ip;
	in.l4 = u->l4;
	in.plain = true;
	if (in.ip.protocol == IPPROTO_UDP)
		in.l4.flags = 0;
	if (gw->flow_cache && !is_mergeable(skb, &in))
		flow = find_flow(&in.ip, &in.l4, SIDE_OVERLAY, &key);
	current = flow && is_current(flow);
	if (!is_from_sender(current ? flow : NULL, &t, &in) || (!flow && in.l4.dport == bpf_htons(DHCP_SERVER_PORT)))
		return false;
	if (flow && !may_follow(skb, &key, flow, current, &in.ip, &in.l4))
		flow = NULL;
	*verdict = pass_on(skb, gw, &t, &in, &key, flow);
	return true;
}

SEC("tc")
int downlink_ingress(struct __sk_buff *skb)
{
	const struct gateway *gw = gateway_config();
	int verdict;
	struct tunnel_headers headers;
	struct tunnel t = {};
	int reason;

	if (!gw || !gw->tep || skb->protocol != bpf_htons(ETH_P_IP))
		return let_pass(skb, PASS_DOWNLINK_OTHER);
	if (pass_usual(skb, gw, &verdict))
		return verdict;
	make_linear(skb, ETH_HLEN + sizeof(struct iphdr));
	reason = read_outer(skb, gw, &t, &headers);
	if (reason == NOT_OURS)
		return underlay_packet(skb, gw);
	if (reason == NO_DROP)
		reason = read_geneve(skb, gw, &t, &headers);
	if (reason != NO_DROP)
		return drop(skb, reason);
	return tunnel_payload(skb, gw, &t);
}

/* The kernel knows no string for Apache-2.0 OR GPL-2.0; this is the one of the two that it asks for. */
char terms[] SEC("license") = "GPL";
