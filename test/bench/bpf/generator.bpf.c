/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/*
 * A sender without a socket: run over live frames (BPF_F_TEST_XDP_LIVE_FRAMES), it writes the next of the prepared
 * frames into each and puts it on an interface. The kernel recycles frames, which may come back altered by whoever
 * received them, so every byte is written every time.
 *
 * No more are on their way than fit in the port's ring. What overflowed would be given back to the pool that frames
 * come from at the same time as what was delivered, and the gateway's CPU would wait for the pool's lock: a quarter of
 * all its time.
 */
#include <linux/bpf.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include "sunk.h"

#define WORDS 16

struct frame {
	__u64 word[WORDS];
};

struct plan {
	__u32 ifindex;
	__u32 frames;
	__u32 next;
	__u32 window;	/* on their way at once; 0: any number */
	__u64 sent;	/* counted from what was delivered at the start */
	__u64 sunk;	/* as was seen last */
	__u64 looked;	/* when, in ns */
	__u64 moved;	/* when it had become more */
};
_Static_assert(sizeof(struct plan) == 48, "struct plan");

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

#define MAX_CPUS 64
/* To look takes the counter's cache line away from the CPU that counts. */
#define LOOK_NS 20000
/* What has not come by then was lost. */
#define LOST_NS 2000000
#define MAX_LOOKS (1 << 20)

static __always_inline __u64 all_sunk(void)
{
	__u32 zero = 0;
	__u64 sum = 0;

	for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
		__u64 *count = bpf_map_lookup_percpu_elem(&sunk, &zero, cpu);

		if (!count)
			break;
		sum += *count;
	}
	return sum;
}

/* Looks whether the window is open, now and then; gives 1 when it is. */
static long look(__u32 index, struct plan **at)
{
	struct plan *p = *at;
	__u64 now = bpf_ktime_get_ns(), before = p->sunk;

	if (now - p->looked < LOOK_NS)
		return 0;
	p->looked = now;
	p->sunk = all_sunk();
	if (p->sunk != before)
		p->moved = now;
	else if (now - p->moved > LOST_NS)
		p->sent = p->sunk;
	return p->sent - p->sunk < p->window;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	__u64 *to = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 zero = 0;
	struct plan *p = bpf_map_lookup_elem(&plan, &zero);

	if (!p)
		return XDP_ABORTED;
	if (p->window && p->sent - p->sunk >= p->window)
		bpf_loop(MAX_LOOKS, look, &p, 0);
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
	p->sent++;
	return bpf_redirect(p->ifindex, 0);
}

char terms[] SEC("license") = "GPL";
