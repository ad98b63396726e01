/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "base.h"

/* RFC 8926 §3.4. Host bitfields are avoided: one byte, one name. */
struct geneve_header {
	__u8 version_and_words; /* Ver 2, Opt Len 6 (in words of 4 bytes) */
	__u8 flags;		/* O, C, Rsvd 6 */
	__be16 protocol;
	__u8 vni[3];
	__u8 reserved;
};

#define GENEVE_CONTROL 0x80
#define GENEVE_CRITICAL 0x40
#define GENEVE_MAX_OPTIONS 63

/* RFC 8926 §3.5 */
struct geneve_option {
	__be16 class;
	__u8 type;   /* high bit: critical */
	__u8 length; /* Rsvd 3, words of data 5 */
};

#define OPTION_CRITICAL 0x80

/* The option this gateway sends and knows, whole: VMware's shape, four bytes of data. */
struct tunnel_option {
	struct geneve_option header;
	__be32 data;
};

INLINE __u32 geneve_vni(const struct geneve_header *h)
{
	return h->vni[0] << 16 | h->vni[1] << 8 | h->vni[2];
}

INLINE bool option_is_ours(const struct geneve_option *o, const struct gateway *gw)
{
	return o->class == gw->option_class && o->type == gw->option_type && (o->length & 0x1f) == 1;
}

/*
 * RFC 8926 §3.5.1: options must fill their space exactly, and a critical one must be known. A known class and type
 * with another length is a different option, as lengths of a type never change.
 */
SEPARATE int check_options(struct __sk_buff *skb, const struct gateway *gw, __u32 offset, __u32 end)
{
	for (int i = 0; i < GENEVE_MAX_OPTIONS && offset < end; i++) {
		struct geneve_option option;

		if (!gw || bpf_skb_load_bytes(skb, offset, &option, sizeof(option)))
			return DROP_GENEVE_TRUNCATED;
		offset += sizeof(option) + (option.length & 0x1f) * 4;
		if (offset > end)
			return DROP_GENEVE_OPTION_LENGTHS;
		if ((option.type & OPTION_CRITICAL) && !option_is_ours(&option, gw))
			return DROP_GENEVE_CRITICAL_OPTION;
	}
	return NO_DROP;
}
