/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/*
 * A sender without a socket: run over live frames (BPF_F_TEST_XDP_LIVE_FRAMES), it writes the next of the prepared
 * frames into each and puts it on an interface. The kernel recycles frames, which may come back altered by whoever
 * received them, so every byte is written every time.
 */
#include <linux/bpf.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

#define WORDS 16

struct frame {
	__u64 word[WORDS];
};

struct plan {
	__u32 ifindex;
	__u32 frames;
	__u32 next;
};
_Static_assert(sizeof(struct plan) == 12, "struct plan");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct plan);
} plan SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct frame);
} frames SEC(".maps");

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	__u64 *to = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 zero = 0;
	struct plan *p = bpf_map_lookup_elem(&plan, &zero);

	if (!p)
		return XDP_ABORTED;
	__u32 index = p->next;
	struct frame *f = bpf_map_lookup_elem(&frames, &index);

	p->next = index + 1 < p->frames ? index + 1 : 0;
	if (!f)
		return XDP_ABORTED;
	/* Lengths are a multiple of eight, or two more. */
#pragma unroll
	for (int i = 0; i < WORDS; i++) {
		__u16 *half = (__u16 *)(to + i);

		if ((void *)(to + i + 1) <= end) {
			to[i] = f->word[i];
			continue;
		}
		if ((void *)(half + 1) <= end)
			*half = (__u16)f->word[i];
		break;
	}
	return bpf_redirect(p->ifindex, 0);
}

char terms[] SEC("license") = "GPL";
