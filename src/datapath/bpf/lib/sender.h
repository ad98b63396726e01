/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "outer.h"

/* Who may send what. `source` is the inner source MAC. */

/* Whether the address is this gateway's own on the segment. */
INLINE bool is_own(const struct segment *segment, __be32 address)
{
	return address == segment->gateway || address == segment->dhcp_server;
}

/* Whether the overlay address is bound to just this MAC, segment and tunnel endpoint: one look-up accepts. */
INLINE bool is_bound(const struct endpoint *e, const struct tunnel *t, const __u8 *source)
{
	return e && e->tep == t->tep && e->vni == t->vni && mac_equal(e->mac, source);
}

/* Why a sender is refused, most general reason first; NO_DROP when the NIC is known. */
INLINE int judge_sender(const struct tunnel *t, const __u8 *source)
{
	struct segment_tep on = { .vni = t->vni, .tep = t->tep };
	struct member nic = { .vni = t->vni, .tep = t->tep };

	if (!bpf_map_lookup_elem(&teps, &t->tep))
		return DROP_UNKNOWN_TEP;
	if (!bpf_map_lookup_elem(&segments, &t->vni))
		return DROP_UNKNOWN_VNI;
	if (!bpf_map_lookup_elem(&segment_teps, &on))
		return DROP_TEP_NOT_IN_SEGMENT;
	__builtin_memcpy(nic.mac, source, ETH_ALEN);
	return bpf_map_lookup_elem(&members, &nic) ? NO_DROP : DROP_SPOOFED_MAC;
}
