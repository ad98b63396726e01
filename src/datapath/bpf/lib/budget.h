/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "base.h"

#define SECOND 1000000000ULL
/* How far ahead of its rate a class may run: a tenth of a second's worth at once. */
#define BURST (SECOND / 10)

/* And one sender: a second's worth. */
#define SENDER_BURST SECOND

/* In the map of members, of a DHCP relay: what it sends is others'. */
#define MEMBER_RELAY 2

/*
 * A token bucket in one number (GCRA, ITU-T I.371): `due` is when the next packet would come exactly at the rate.
 * Two CPUs that meet here admit one packet more than they should, at worst.
 */
INLINE bool take(struct budget *b, __u64 now, __u32 per_second, __u64 burst)
{
	__u64 seen = b->due;
	__u64 due = seen > now ? seen : now;

	if (due - now > burst)
		return false;
	__sync_val_compare_and_swap(&b->due, seen, due + SECOND / per_second);
	return true;
}

INLINE bool within_budget(__u32 class, __u32 per_second)
{
	struct budget *b = bpf_map_lookup_elem(&control_budget, &class);

	return b && per_second && take(b, bpf_ktime_get_ns(), per_second, BURST);
}

/* Only for senders that are known: strangers would fill the map. */
INLINE bool within_sender_budget(const struct control_sender *sender, __u32 per_second)
{
	struct budget *b = bpf_map_lookup_elem(&sender_budgets, sender);
	__u64 now = bpf_ktime_get_ns();
	struct budget first = {};

	if (!per_second)
		return false;
	if (b)
		return take(b, now, per_second, SENDER_BURST);
	first.due = now + SECOND / per_second;
	bpf_map_update_elem(&sender_budgets, sender, &first, BPF_ANY);
	return true;
}
