/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "generated.h"

#define INLINE static __always_inline
/* Global: the verifier looks at it once for all arguments, not again at every call. */
#define SEPARATE __noinline

/* Functions that judge a packet give a drop reason, or this. */
#define NO_DROP (-1)

#define IP_MORE_FRAGMENTS 0x2000
#define IP_FRAGMENT_OFFSET 0x1fff
#define IP_DONT_FRAGMENT 0x4000

/*
 * Packets are read in two ways. Where the offset is a constant, through a pointer got by AT(). Elsewhere by
 * bpf_skb_load_bytes(), which also reaches what is not in the linear part.
 */

/* Points to `size` bytes at `offset`; false, and no pointer to use, when they are not in the packet's linear part. */
INLINE bool point_at(const struct __sk_buff *skb, __u32 offset, __u32 size, void **pointer)
{
	*pointer = (void *)(long)skb->data + offset;
	return *pointer + size <= (void *)(long)skb->data_end;
}

#define AT(skb, offset, pointer) point_at(skb, offset, sizeof(*(pointer)), (void **)&(pointer))

/* Makes the first `size` bytes, or all there are, within reach of AT(). Every pointer got before is void after. */
INLINE void make_linear(struct __sk_buff *skb, __u32 size)
{
	if ((void *)(long)skb->data + size > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, size < skb->len ? size : skb->len);
}

INLINE bool mac_equal(const __u8 *a, const __u8 *b)
{
	const __u16 *x = (const __u16 *)a, *y = (const __u16 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2];
}

INLINE bool mac_is_broadcast(const __u8 *mac)
{
	const __u16 *x = (const __u16 *)mac;

	return (x[0] & x[1] & x[2]) == 0xffff;
}

INLINE const struct gateway *gateway_config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&gateway, &zero);
}

INLINE const struct devices *device_config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&devices, &zero);
}
