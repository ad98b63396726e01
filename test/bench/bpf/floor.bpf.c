/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/* The least a gateway can do: what comes in by one port leaves by the other, untouched. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} uplink SEC(".maps"), downlink SEC(".maps");

static __always_inline int leave_by(void *port)
{
	__u32 zero = 0;
	__u32 *ifindex = bpf_map_lookup_elem(port, &zero);

	return ifindex ? bpf_redirect(*ifindex, 0) : 0;
}

SEC("tc")
int outwards(struct __sk_buff *skb)
{
	return leave_by(&uplink);
}

SEC("tc")
int inwards(struct __sk_buff *skb)
{
	return leave_by(&downlink);
}

char terms[] SEC("license") = "GPL";
