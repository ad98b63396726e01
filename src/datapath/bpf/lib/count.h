/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "base.h"

/* Every packet ends in exactly one of these: dropped, or passed on. */

INLINE int drop(const struct __sk_buff *skb, __u32 reason)
{
	struct counter *c = bpf_map_lookup_elem(&drops, &reason);

	if (c) {
		c->packets++;
		c->bytes += skb->len;
	}
	return TC_ACT_SHOT;
}

INLINE void count_bytes(__u32 pass, __u32 bytes)
{
	struct counter *c = bpf_map_lookup_elem(&passes, &pass);

	if (c) {
		c->packets++;
		c->bytes += bytes;
	}
}

INLINE void count_pass(const struct __sk_buff *skb, __u32 pass)
{
	count_bytes(pass, skb->len);
}

/* Leaves the packet to the next program here, then to the stack or the device it was going to. */
INLINE int let_pass(const struct __sk_buff *skb, __u32 pass)
{
	count_pass(skb, pass);
	return TC_ACT_UNSPEC;
}
