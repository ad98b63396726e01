/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#pragma once

/* UDP packets that came through and were dropped: endpoint.bpf.c counts, generator.bpf.c waits for them. One map. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sunk SEC(".maps");
