import { describe, expect, test } from "vitest";
import { formatIpv4, parseIpv4 } from "../net/ipv4.ts";
import { GATEWAY, lan, macOf, web, webServer } from "./lan.testing.ts";

const ATTACKER = { mac: macOf(66) };
const VICTIM = { mac: macOf(1) };
const RANGE = { first: "192.168.100.10", last: "192.168.100.109" };
const clientId = (n: number) => `44${n.toString(16).padStart(6, "0")}`;
const hundred = () => lan({ server: { ranges: [RANGE] } });

describe("DhcpService gives a segment port no more than its share", () => {
  test("of offers: 130 DISCOVERs under 130 identifiers keep one address from others", async () => {
    const { send, join, service } = hundred();
    for (let n = 0; n < 130; n++) await send("DISCOVER", { ...ATTACKER, clientId: clientId(n) });
    expect(service.usage()).toEqual([{ segment: "web", size: 100, free: 99, offered: 1 }]);
    expect(await join(VICTIM)).toBeDefined();
  });

  test("of declined addresses: 100 DECLINEs let one rest, and each further one is counted", async () => {
    const { send, join, service, store, dropped } = hundred();
    for (let n = 0; n < 100; n++) {
      const says = { ...ATTACKER, clientId: clientId(n) };
      const ip = await join(says);
      expect(ip, `address ${n}`).toBeDefined();
      await send("DECLINE", { ...says, requested: ip ?? "", serverId: GATEWAY });
    }
    expect(service.usage()).toEqual([{ segment: "web", size: 100, free: 99, offered: 0 }]);
    expect(dropped()).toEqual({ DECLINE_SHARE: 99 });
    expect([...store.durable.values()].filter(({ state }) => state === "declined")).toHaveLength(1);
    expect(await join(VICTIM)).toBeDefined();
  });

  test("and still finds it an address that works, however many in a row it has to decline", async () => {
    const { send, join } = hundred();
    const tried = new Set<string>();
    for (let n = 0; n < 20; n++) {
      const ip = (await join(VICTIM)) ?? "";
      expect(tried).not.toContain(ip);
      tried.add(ip);
      await send("DECLINE", { ...VICTIM, requested: ip, serverId: GATEWAY });
    }
  });

  test("of what is remembered: it cannot pass through the pool and make the server forget who had what", async () => {
    const { join, send, service } = hundred();
    const ip = await join(VICTIM);
    await send("RELEASE", { ...VICTIM, ciaddr: ip ?? "", serverId: GATEWAY, to: GATEWAY });
    for (let n = 0; n < 300; n++) await join({ ...ATTACKER, clientId: clientId(n) });
    expect(service.leases().filter(({ mac }) => mac === ATTACKER.mac).length).toBeLessThan(6);
    expect(await join(VICTIM)).toBe(ip);
  });

  test("whatever relay it says it is: a relay's packets come from a relay's address", async () => {
    const { send, dropped } = lan({ server: { relays: ["192.168.100.9"] } });
    const relayed = { ...VICTIM, from: ATTACKER.mac, giaddr: "192.168.100.9", to: GATEWAY };
    expect(await send("DISCOVER", { ...relayed, source: "192.168.100.77" })).toBeUndefined();
    expect(dropped()).toEqual({ UNKNOWN_RELAY: 1 });
    expect((await send("DISCOVER", relayed))?.type).toBe("OFFER");
  });
});

describe("DhcpService and the addresses that the desired state gives to ports", () => {
  const inside = "192.168.100.10";
  const endpoints = [
    { segment: "web", mac: ATTACKER.mac, ip: inside, tep: "10.99.3.1" },
    { segment: "other", mac: VICTIM.mac, ip: "192.168.100.11", tep: "10.99.3.1" },
    { segment: "web", mac: macOf(5), tep: "10.99.3.1" },
  ];

  test("keeps one that lies in a range for its owner, under any identifier", async () => {
    const { join, send, service } = lan({ surroundings: { endpoints } });
    expect(await join(VICTIM)).toBe("192.168.100.11");
    expect((await send("DISCOVER", { ...VICTIM, requested: inside }))?.yiaddr).toBe("192.168.100.11");
    expect(await join(ATTACKER)).toBe(inside);
    expect(await join({ ...ATTACKER, clientId: "0102" })).toBe(inside);
    expect(service.usage()[0]).toMatchObject({ size: 2, free: 1 });
  });

  test("gives it to its owner although another has a lease of it from before", async () => {
    const { join, send, service } = lan();
    expect(await join(VICTIM)).toBe(inside);
    service.configure([webServer], [web], { endpoints });
    expect(await join(ATTACKER)).toBe(inside);
    expect((await send("REQUEST", { ...VICTIM, ciaddr: inside, to: GATEWAY }))?.type).toBe("NAK");
    expect(service.leases().map(({ ip, mac }) => [formatIpv4(ip), mac])).toEqual([[inside, ATTACKER.mac]]);
  });

  test("gives it to nobody who only uses the identifier of a binding for it", async () => {
    const bindings = [{ ip: inside, clientId: "0abc", options: { hostname: "own" } }];
    const ranges = [{ first: "192.168.100.20", last: "192.168.100.21" }];
    const { join, send } = lan({ server: { ranges, bindings }, surroundings: { endpoints } });
    expect(await join({ ...VICTIM, clientId: "0abc" })).toBe("192.168.100.20");
    expect(await send("DISCOVER", { ...ATTACKER, clientId: "0abc" })).toMatchObject({
      message: { yiaddr: parseIpv4(inside) },
    });
  });
});
