/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

#include "base.h"

/* Internet checksum arithmetic (RFC 1071): sums are of 16-bit words as they lie in memory. */

#define CHUNK 512 /* what bpf_csum_diff() takes at once up to Linux 6.12 */
#define MAX_CHUNKS 128

struct chunk {
	__u8 bytes[2 * CHUNK];
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

INLINE __u32 sum_words(const __u16 *words, int count)
{
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

INLINE __u32 sum_pseudo_header(__be32 source, __be32 destination, __u8 protocol, __u16 length)
{
	return fold((__u64)source + destination + bpf_htons(protocol) + bpf_htons(length));
}

/* The packet's bytes from `offset` on, linear or not, folded. `offset` even. -1 when they are not all there. */
SEPARATE int sum_packet(struct __sk_buff *skb, __u32 offset, __u32 length)
{
	__u32 zero = 0;
	struct chunk *chunk = bpf_map_lookup_elem(&scratch, &zero);
	__s64 sum = 0;

	if (!chunk)
		return -1;
	for (int i = 0; i < MAX_CHUNKS && length > 0; i++) {
		__u32 size = length < CHUNK ? length : CHUNK;

		asm volatile("" : "+r"(size)); /* the verifier must see this very register bounded */
		if (size == 0 || size > CHUNK)
			return -1;
		/* Zeroes to the next word's end, as bpf_csum_diff() takes whole words only. */
		*(__u32 *)(chunk->bytes + (size & ~3u)) = 0;
		if (bpf_skb_load_bytes(skb, offset, chunk->bytes, size))
			return -1;
		sum = bpf_csum_diff(NULL, 0, (__be32 *)chunk->bytes, (size + 3) & ~3u, fold(sum));
		if (sum < 0)
			return -1;
		offset += size;
		length -= size;
	}
	return length ? -1 : (int)fold(sum);
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
