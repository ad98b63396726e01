import { expect, test } from "vitest";
import type { DhcpServer } from "../model/dhcp.ts";
import { checkWish } from "./check-wish.ts";

const flawsOf = (server: Partial<DhcpServer>) => {
  const checked = checkWish({
    generation: 1,
    segments: [{ id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24" }],
    teps: [{ address: "10.99.3.248" }],
    endpoints: [
      { segment: "web", mac: "02:00:00:00:64:02", tep: "10.99.3.248" },
      { segment: "web", mac: "02:00:00:00:64:AA", ip: "192.168.100.50", tep: "10.99.3.248" },
    ],
    tier0: { uplinkRoutes: [] },
    dhcp: [{ id: "web", segment: "web", ranges: [{ first: "192.168.100.40", last: "192.168.100.60" }], ...server }],
  });
  return checked.ok ? [] : checked.flaws.map(({ field, why }) => `${field}: ${why}`);
};

const mac = "02:00:00:00:64:aa";

test.each<{ what: string; server: Partial<DhcpServer>; flaws: string[] }>([
  { what: "a port's address in a range", server: {}, flaws: [] },
  {
    what: "a free port's binding",
    server: { bindings: [{ ip: "192.168.100.9", mac: "02:00:00:00:64:02" }] },
    flaws: [],
  },
  {
    what: "the port's address, said again by a binding outside the ranges",
    server: { ranges: [], bindings: [{ ip: "192.168.100.50", mac }] },
    flaws: [],
  },
  {
    what: "the port's address for an identifier",
    server: { ranges: [], bindings: [{ ip: "192.168.100.50", clientId: "0102" }] },
    flaws: [],
  },
  {
    what: "another address for the port's MAC",
    server: { bindings: [{ ip: "192.168.100.9", mac }] },
    flaws: [
      "dhcp[0].bindings[0].ip: differs from the address of endpoints[1] with the same mac which is 192.168.100.50",
    ],
  },
  {
    what: "the port's address for another MAC",
    server: { ranges: [], bindings: [{ ip: "192.168.100.50", mac: "02:00:00:00:64:02" }] },
    flaws: [`dhcp[0].bindings[0].ip: is the address of endpoints[1] whose mac is ${mac}`],
  },
  {
    what: "the port's address as the server's",
    server: { ranges: [], address: "192.168.100.50" },
    flaws: ["dhcp[0].address: is also the address of endpoints[1]"],
  },
])("checkWish judges $what", ({ server, flaws }) => {
  expect(flawsOf(server)).toEqual(flaws);
});
