/** Modules without which there is no datapath; as rootfs/etc/modules-load.d/pcg.conf loads them. */
export const neededModules = ["nf_conntrack", "nf_nat", "nf_tables", "sch_ingress", "cls_bpf", "veth"] as const;
