/**
 * Where each program goes. The name is that of its C function; `object` that of its file. Programs of one hook run in
 * order of `place`: one that has nothing to say leaves the packet to the next. Those of `place` 1 teach the flow cache,
 * and need functions that not every kernel has.
 */
export const programs = {
  downlink_ingress: { on: "downlink", object: "downlink", direction: "ingress", place: 0 },
  overlay_ingress: { on: "overlay", object: "overlay", direction: "ingress", place: 0 },
  overlay_egress: { on: "overlay", object: "overlay", direction: "egress", place: 0 },
  uplink_ingress: { on: "uplink", object: "uplink", direction: "ingress", place: 0 },
  uplink_egress: { on: "uplink", object: "uplink", direction: "egress", place: 0 },
  downlink_learn: { on: "downlink", object: "flows", direction: "ingress", place: 1 },
  overlay_learn: { on: "overlay", object: "flows", direction: "ingress", place: 1 },
  uplink_learn: { on: "uplink", object: "flows", direction: "ingress", place: 1 },
} as const;

export type ProgramName = keyof typeof programs;
export type Direction = (typeof programs)[ProgramName]["direction"];

/** Ours on one hook at most. */
export const places = [0, 1] as const;
export type Place = (typeof places)[number];
