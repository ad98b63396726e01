import { expect, test } from "vitest";
import { aUnit } from "../../test/unit-fixture.ts";
import { keyOf } from "../model/object-text.ts";
import { kernelObjects } from "./pipeline.ts";

const want = {
  generation: 1,
  segments: [
    { id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24", mtu: 8943 },
    { id: "far", name: "far", vni: 9100, gateway: "192.168.99.1/24", mtu: 1400 },
  ],
  teps: [],
  endpoints: [],
  tier0: { uplinkRoutes: [{ prefix: "0.0.0.0/0" }] },
};

const seen = (downlink: number, uplink: number, wished: object = {}) => {
  const unit = { ...aUnit, downlink: { ...aUnit.downlink, mtu: downlink }, uplink: { ...aUnit.uplink, mtu: uplink } };
  const objects = kernelObjects({ ...want, ...wished }, unit);
  const text = JSON.stringify(objects);
  return {
    overlay: objects.flatMap((o) => (o.kind === "veth-pair" ? [o.mtu] : [])),
    routes: Object.fromEntries(
      objects.flatMap((o) => (o.kind === "route" && o.mtu !== undefined ? [[keyOf(o), o.mtu]] : [])),
    ),
    mss: [...new Set([...text.matchAll(/"set maxseg","to":(\d+)/g)].map(([, mss]) => mss))],
  };
};
const far = { "route/100/192.168.99.0/24": 1400, "route/104/192.168.99.0/24": 1400 };
const out = "route/100/0.0.0.0/0";

test("kernelObjects keeps the overlay, its routes and TCP's segments to what uplink and downlink carry", () => {
  expect(seen(9001, 9001, { segments: [] })).toEqual({ overlay: [8943], routes: { [out]: 1500 }, mss: ["1460"] });
  expect(seen(9001, 9001)).toEqual({ overlay: [8943], routes: { ...far, [out]: 1500 }, mss: ["1360"] });
  expect(seen(1500, 1500)).toEqual({ overlay: [1442], routes: { ...far, [out]: 1500 }, mss: ["1360"] });
  expect(seen(1500, 1500, { segments: want.segments.slice(0, 1) })).toEqual({
    overlay: [1442],
    routes: { [out]: 1500 },
    mss: ["1402"],
  });
  expect(seen(9001, 1300, { segments: [] })).toEqual({ overlay: [8943], routes: { [out]: 1300 }, mss: ["1260"] });
  expect(seen(100, 1500, { segments: [] }).overlay).toEqual([68]);
});
