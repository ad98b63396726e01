/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "budget.h"
#include "csum.h"

/*
 * Fragments wait in memory that all senders share (ipfrag_high_thresh), so each sender has a share of it. A fragment is
 * charged when it comes; all of a datagram is given back when it is complete, which is known of what comes in order. So
 * honest senders pay for what is on its way, whatever their rate, and what never completes is paid for in full: what
 * the kernel would not take as it is counts as out of order, and is not given back.
 */

/* sysctl-table.ts: ipfrag_time. A datagram that is nearly as old may be gone when its last fragment comes. */
#define DATAGRAM_LIVES (4 * SECOND)
#define DATAGRAM_COUNTS (3 * SECOND)
#define OUT_OF_ORDER 0xffffffff

/* A sender gets back 256 KiB a second and may owe 2 MiB: 3 MiB in DATAGRAM_LIVES, of the 64 of ipfrag_high_thresh. */
#define NANOSECONDS_PER_BYTE (SECOND / 262144)
#define MOST_OWED (8 * SECOND)

/* How many times a sender's share, as a power of two: all that comes to one address from outside, and all from outside. */
#define SHARE_OF_SENDER 0
#define SHARE_OF_DESTINATION 2
#define SHARE_OF_OUTSIDE 3

/* Buckets that a fragment is charged to; only what comes by the uplink has other than the first. */
struct payers {
	struct budget *sender;
	struct budget *destination;
	struct budget *outside;
};

/* At most what a fragment takes: drivers receive into pages. */
INLINE __u32 memory_of(__u32 length)
{
	return (length + 1024 + 4095) & ~4095u;
}

INLINE struct budget *find_payer(__be32 source, __be32 destination, __u8 side, __u64 now, bool make)
{
	struct payer key = { .source = source, .destination = destination, .side = side };
	struct budget *found = bpf_map_lookup_elem(&fragment_budgets, &key);
	struct budget fresh = { .due = now };

	if (found || !make)
		return found;
	bpf_map_update_elem(&fragment_budgets, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&fragment_budgets, &key);
}

/* What was given back may lie before boot. */
INLINE bool has_room(const struct budget *b, __u64 now)
{
	return b && (__s64)(b->due - now) < (__s64)MOST_OWED;
}

INLINE void charge(struct budget *b, __u64 now, __u32 bytes, __u32 shares)
{
	__u64 seen = b->due;

	if ((__s64)(seen - now) < 0)
		__sync_val_compare_and_swap(&b->due, seen, now);
	__sync_fetch_and_add(&b->due, ((__u64)bytes * NANOSECONDS_PER_BYTE) >> shares);
}

INLINE void give_back(struct budget *b, __u32 bytes, __u32 shares)
{
	if (b)
		__sync_fetch_and_add(&b->due, -(((__u64)bytes * NANOSECONDS_PER_BYTE) >> shares));
}

/*
 * Finds who pays, and whether all can. The source of what comes from outside may be forged, so there the address it is
 * for pays too, and all of outside. Who is refused for these makes no bucket, and so puts no other's out of the map.
 */
INLINE bool find_payers(const struct iphdr *ip, __u8 side, __u64 now, struct payers *p)
{
	bool room = true;

	if (side == SIDE_UPLINK) {
		p->outside = find_payer(0, 0, side, now, true);
		room = has_room(p->outside, now);
		p->destination = find_payer(0, ip->daddr, side, now, room);
		room = room && has_room(p->destination, now);
	}
	p->sender = find_payer(ip->saddr, side == SIDE_UPLINK ? ip->daddr : 0, side, now, room);
	return room && has_room(p->sender, now);
}

INLINE void all_charge(const struct payers *p, __u64 now, __u32 bytes)
{
	charge(p->sender, now, bytes, SHARE_OF_SENDER);
	if (p->destination)
		charge(p->destination, now, bytes, SHARE_OF_DESTINATION);
	if (p->outside)
		charge(p->outside, now, bytes, SHARE_OF_OUTSIDE);
}

/* Whether the kernel keeps the fragment for just what its header says; it drops or cuts what is not so. */
INLINE bool is_kept(const struct iphdr *ip, __u32 payload, __u32 length)
{
	return ip->ihl == 5 && payload && payload + sizeof(*ip) <= length && fold(sum_ip_header(ip)) == 0xffff &&
	       (!(ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS)) || !(payload & 7));
}

/* Why a fragment is refused, or NO_DROP; asked last, of what goes to the stack. `length` is how much of it is there. */
INLINE int judge_fragment(const struct iphdr *ip, __u32 length, __u8 side)
{
	struct datagram_key key = {
		.source = ip->saddr, .destination = ip->daddr, .id = ip->id, .protocol = ip->protocol, .side = side,
	};
	bool last = !(ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS));
	__u32 offset = (bpf_ntohs(ip->frag_off) & IP_FRAGMENT_OFFSET) * 8;
	__u32 payload = bpf_ntohs(ip->tot_len) - sizeof(*ip);
	__u32 memory = memory_of(bpf_ntohs(ip->tot_len));
	struct payers payers = {};
	struct datagram fresh = {};
	struct datagram *known;
	bool in_order, room;
	__u64 now;

	if (last && !offset)
		return NO_DROP;
	now = bpf_ktime_get_ns();
	known = bpf_map_lookup_elem(&datagrams, &key);
	if (known && now - known->begun > DATAGRAM_LIVES)
		known = NULL;
	in_order = is_kept(ip, payload, length) && offset == (known ? known->next : 0);
	room = find_payers(ip, side, now, &payers);
	if (known && in_order && last && now - known->begun < DATAGRAM_COUNTS) {
		give_back(payers.sender, known->charged, SHARE_OF_SENDER);
		give_back(payers.destination, known->charged, SHARE_OF_DESTINATION);
		give_back(payers.outside, known->charged, SHARE_OF_OUTSIDE);
		bpf_map_delete_elem(&datagrams, &key);
		return NO_DROP;
	}
	if (!room)
		return DROP_FRAGMENTS;
	all_charge(&payers, now, memory);
	fresh.begun = known ? known->begun : now;
	fresh.charged = (known ? known->charged : 0) + memory;
	fresh.next = in_order ? offset + payload : OUT_OF_ORDER;
	bpf_map_update_elem(&datagrams, &key, &fresh, BPF_ANY);
	return NO_DROP;
}
