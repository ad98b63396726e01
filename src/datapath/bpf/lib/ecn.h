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

/* Sets an IPv4 header's ECN field and keeps its checksum right (RFC 1624 eqn. 3). */
INLINE void set_ecn(struct iphdr *ip, __u8 ecn)
{
	__u8 tos = (ip->tos & ~ECN_MASK) | ecn;
	__u32 sum = (__u16)~ip->check + (__u16)~bpf_htons(ip->tos) + bpf_htons(tos);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	ip->tos = tos;
}
