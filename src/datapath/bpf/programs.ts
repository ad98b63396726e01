/** Where each program goes. The name is that of its C function; `object` that of its file. */
export const programs = {
  downlink_ingress: { object: "downlink", direction: "ingress" },
  overlay_egress: { object: "overlay", direction: "egress" },
  uplink_ingress: { object: "uplink", direction: "ingress" },
  uplink_egress: { object: "uplink", direction: "egress" },
} as const;

export type ProgramName = keyof typeof programs;
export type Direction = (typeof programs)[ProgramName]["direction"];
