/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "base.h"

#define ECN_MASK 3
#define NOT_ECT 0
#define ECT_1 1
#define ECN_CE 3

/* RFC 6040 §4.2, figure 4: the inner field after decapsulation, or -1 where the packet must be dropped. */
INLINE int ecn_after_decapsulation(__u8 inner, __u8 outer)
{
	inner &= ECN_MASK;
	outer &= ECN_MASK;
	if (outer == ECN_CE)
		return inner == NOT_ECT ? -1 : ECN_CE;
	if (outer == ECT_1 && inner != NOT_ECT && inner != ECN_CE)
		return ECT_1;
	return inner;
}

/* Sets the ECN field of the IPv4 header at `offset` and keeps its checksum right. `tos` is what it has now. */
INLINE long set_ecn(struct __sk_buff *skb, __u32 offset, __u8 tos, __u8 ecn)
{
	__u8 now = (tos & ~ECN_MASK) | ecn;
	long failed = bpf_l3_csum_replace(skb, offset + offsetof(struct iphdr, check), bpf_htons(tos), bpf_htons(now),
					  sizeof(__u16));

	return failed ?: bpf_skb_store_bytes(skb, offset + offsetof(struct iphdr, tos), &now, sizeof(now), 0);
}
