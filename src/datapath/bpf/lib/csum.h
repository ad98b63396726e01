/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "base.h"

/* Internet checksum arithmetic (RFC 1071): sums are of 16-bit words as they lie in memory. */

#define CHUNK 512 /* what bpf_csum_diff() takes at once up to Linux 6.12 */

struct chunk {
	__u8 bytes[CHUNK];
};

/* Private to each CPU and to one run of a program: softirqs do not preempt one another. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct chunk);
} scratch SEC(".maps");

INLINE __u32 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Of an IPv4 header without options. */
INLINE __u64 sum_ip_header(const struct iphdr *ip)
{
	const __u32 *w = (const __u32 *)ip;

	return (__u64)w[0] + w[1] + w[2] + w[3] + w[4];
}

INLINE __u32 sum_pseudo_header(__be32 source, __be32 destination, __u8 protocol, __u16 length)
{
	return fold((__u64)source + destination + bpf_htons(protocol) + bpf_htons(length));
}

/* Adds `size` bytes, whole words, to a folded sum. -1 when they are not there, or were not for what came before. */
INLINE int add_bytes(struct __sk_buff *skb, struct chunk *chunk, __u32 offset, __u32 size, int sum)
{
	__s64 more;

	if (sum < 0 || bpf_skb_load_bytes(skb, offset, chunk->bytes, size))
		return -1;
	more = bpf_csum_diff(NULL, 0, (__be32 *)chunk->bytes, size, sum);
	return more < 0 ? -1 : (int)fold(more);
}

struct summing {
	struct __sk_buff *skb;
	struct chunk *chunk;
	__u32 offset;
	int sum;
};

static long add_chunk(__u32 index, struct summing *s)
{
	s->sum = add_bytes(s->skb, s->chunk, s->offset, CHUNK, s->sum);
	s->offset += CHUNK;
	return s->sum < 0;
}

/*
 * The packet's bytes from `offset` on, linear or not, folded. `offset` even. -1 when they are not all there. Every
 * size is a constant, as the verifier wants to see no variable one into the buffer.
 */
SEPARATE int sum_packet(struct __sk_buff *skb, __u32 offset, __u32 length)
{
	__u32 zero = 0;
	__u16 pair = 0;
	__u8 last = 0;
	struct chunk *chunk = bpf_map_lookup_elem(&scratch, &zero);
	struct summing s = { .skb = skb, .chunk = chunk, .offset = offset };
	int sum;

	if (!chunk)
		return -1;
	if (length >= CHUNK)
		bpf_loop(length / CHUNK, add_chunk, &s, 0);
	sum = s.sum;
	offset += length / CHUNK * CHUNK;
#pragma unroll
	for (__u32 size = CHUNK / 2; size >= 4; size /= 2) {
		if (length & size) {
			sum = add_bytes(skb, chunk, offset, size, sum);
			offset += size;
		}
	}
	if ((length & 2) && bpf_skb_load_bytes(skb, offset, &pair, sizeof(pair)))
		return -1;
	if ((length & 1) && bpf_skb_load_bytes(skb, offset + (length & 2), &last, sizeof(last)))
		return -1;
	/* An odd last byte counts as if followed by zero: the low half of a word on these machines. */
	return sum < 0 ? -1 : (int)fold((__u64)sum + pair + last);
}

/* Where the L4 checksum of an unfragmented TCP or UDP packet is, counted from the L4 header; 0 for all others. */
INLINE __u32 l4_checksum_offset(const struct iphdr *ip)
{
	if (ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS | IP_FRAGMENT_OFFSET))
		return 0;
	if (ip->protocol == IPPROTO_TCP)
		return offsetof(struct tcphdr, check);
	if (ip->protocol == IPPROTO_UDP)
		return offsetof(struct udphdr, check);
	return 0;
}

/*
 * The sum of an IPv4 packet as it will be on the wire. When its L4 checksum is still to be filled in by the device
 * (CHECKSUM_PARTIAL), its field holds the pseudo header's sum and the finished L4 part will sum up to that sum's
 * complement (local checksum offload, Documentation/networking/checksum-offloads.rst). No helper tells whether it is.
 * So: a packet that is not right as it lies, and whose field holds exactly that sum, is taken to be one. -1 when
 * bytes are missing.
 */
SEPARATE int sum_finished_packet(struct __sk_buff *skb, __u32 offset, __u32 length)
{
	struct iphdr ip;
	__u16 field;
	int header, rest;

	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
		return -1;
	__u32 size = ip.ihl * 4;
	__u32 check = l4_checksum_offset(&ip);
	__u32 total = bpf_ntohs(ip.tot_len);

	if (size < sizeof(ip) || total < size || total > length)
		return sum_packet(skb, offset, length);
	header = sum_packet(skb, offset, size);
	rest = length > size ? sum_packet(skb, offset + size, length - size) : 0;
	if (header < 0 || rest < 0)
		return -1;
	if (check && !bpf_skb_load_bytes(skb, offset + size + check, &field, sizeof(field))) {
		__u32 pseudo = sum_pseudo_header(ip.saddr, ip.daddr, ip.protocol, total - size);

		if (field == pseudo && fold((__u64)pseudo + rest) != 0xffff)
			rest = (__u16)~pseudo;
	}
	return fold((__u64)header + rest);
}
