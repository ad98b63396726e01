/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "base.h"

#define SECOND 1000000000ULL
/* How far ahead of its rate a class may run: a tenth of a second's worth at once. */
#define BURST (SECOND / 10)

/*
 * A token bucket in one number (GCRA, ITU-T I.371): `due` is when the next packet would come exactly at the rate.
 * Two CPUs that meet here admit one packet more than they should, at worst.
 */
INLINE bool within_budget(__u32 class, __u32 per_second)
{
	struct budget *b = bpf_map_lookup_elem(&control_budget, &class);
	__u64 now = bpf_ktime_get_ns();

	if (!b || !per_second)
		return false;
	__u64 seen = b->due;
	__u64 due = seen > now ? seen : now;

	if (due - now > BURST)
		return false;
	__sync_val_compare_and_swap(&b->due, seen, due + SECOND / per_second);
	return true;
}
