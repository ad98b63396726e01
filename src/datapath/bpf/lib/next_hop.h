/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "base.h"

/* The time in units of 2^30 ns, some 1.07 s: how long an answer of the FIB about a tunnel endpoint is believed. */
INLINE __u32 this_second(void)
{
	return bpf_ktime_get_coarse_ns() >> 30;
}

/*
 * Asks the FIB for the outer route and its neighbour, as a packet of the unit's own would be sent.
 * 0, a code of BPF_FIB_LKUP_RET, or less than 0.
 */
INLINE long ask_next_hop(struct __sk_buff *skb, const struct gateway *gw, __u32 downlink, __be32 tep, struct next_hop *hop)
{
	struct bpf_fib_lookup fib = {
		.family = 2 /* AF_INET */,
		.l4_protocol = IPPROTO_UDP,
		.dport = gw->port,
		.ifindex = downlink,
		.ipv4_src = gw->tep,
		.ipv4_dst = tep,
	};
	long result = bpf_fib_lookup(skb, &fib, sizeof(fib), BPF_FIB_LOOKUP_OUTPUT);

	hop->device = fib.ifindex;
	hop->second = this_second();
	__builtin_memcpy(hop->to, fib.dmac, ETH_ALEN);
	__builtin_memcpy(hop->from, fib.smac, ETH_ALEN);
	return result;
}
