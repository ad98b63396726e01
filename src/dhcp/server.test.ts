import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatIpv4, parseIpv4 } from "../net/ipv4.ts";
import { BROADCAST_MAC } from "../net/mac.ts";
import { parsePrefix } from "../net/prefix.ts";
import { Vni } from "../net/vni.ts";
import { dhcpOption } from "../wire/dhcp-option-codes.ts";
import { frameOf, GATEWAY, lan, MemoryStore, macOf, ROUTER_MAC, VNI, web, webServer } from "./lan.testing.ts";
import { NEVER } from "./lease.ts";

const A = { mac: macOf(1) };
const B = { mac: macOf(2) };
const first = "192.168.100.10";
const second = "192.168.100.11";

describe("DhcpService on DISCOVER", () => {
  test("offers an address with all a host needs, from the gateway", async () => {
    const offer = await lan().send("DISCOVER", { ...A, parameters: [3, 1, 15, 26, 28] });
    expect(offer).toMatchObject({ type: "OFFER", yiaddr: first, from: GATEWAY, fromMac: ROUTER_MAC, port: 68 });
    expect([...(offer?.message.options.keys() ?? [])]).toEqual([53, 54, 51, 58, 59, 1, 3, 15, 26, 28]);
    expect(offer?.option(dhcpOption.serverId)).toBe(parseIpv4(GATEWAY));
    expect(offer?.option(dhcpOption.subnetMask)).toBe(parseIpv4("255.255.255.0"));
    expect(offer?.option(dhcpOption.routers)).toEqual([parseIpv4(GATEWAY)]);
    expect(offer?.option(dhcpOption.domainName)).toBe("web.example");
    expect(offer?.option(dhcpOption.interfaceMtu)).toBe(8943);
    expect(offer?.option(dhcpOption.broadcastAddress)).toBe(parseIpv4("192.168.100.255"));
    expect(offer?.option(dhcpOption.leaseTime)).toBe(600);
    expect(offer?.option(dhcpOption.renewalTime)).toBe(300);
    expect(offer?.option(dhcpOption.rebindingTime)).toBe(525);
    expect(offer?.message).toMatchObject({ op: 2, xid: 0x80000001, ciaddr: 0, siaddr: 0, secs: 0 });
  });

  test("offers to the client's own MAC, or to everyone if it asks for that", async () => {
    const { send } = lan();
    expect(await send("DISCOVER", A)).toMatchObject({ toMac: A.mac, to: first });
    expect(await send("DISCOVER", { ...A, broadcast: true })).toMatchObject({
      toMac: BROADCAST_MAC,
      to: "255.255.255.255",
      message: { broadcast: true },
    });
  });

  test("keeps an offer for its client for half a minute and no longer, and nothing of it on disk", async () => {
    const { send, clock, store, service } = lan();
    expect((await send("DISCOVER", A))?.yiaddr).toBe(first);
    expect((await send("DISCOVER", { ...B, requested: first }))?.yiaddr).toBe(second);
    expect((await send("DISCOVER", A))?.yiaddr).toBe(first);
    expect(service.usage()).toEqual([{ segment: "web", size: 3, free: 1, offered: 2 }]);
    expect(store.durable.size).toBe(0);
    clock.advance(32_000);
    expect(service.usage()).toEqual([{ segment: "web", size: 3, free: 3, offered: 0 }]);
    expect((await send("DISCOVER", { ...B, requested: first }))?.yiaddr).toBe(first);
  });

  test("offers what the client asks for if it is free and in a range", async () => {
    const { send } = lan();
    expect((await send("DISCOVER", { ...A, requested: "192.168.100.12" }))?.yiaddr).toBe("192.168.100.12");
    expect((await send("DISCOVER", { ...B, requested: "192.168.100.200" }))?.yiaddr).toBe(first);
  });

  test("says nothing when no address is free, and counts it", async () => {
    const { join, send, dropped, logged } = lan();
    for (const n of [1, 2, 3]) expect(await join({ mac: macOf(n) })).toBe(`192.168.100.${9 + n}`);
    expect(await send("DISCOVER", { mac: macOf(4) })).toBeUndefined();
    expect(dropped()).toEqual({ POOL_EXHAUSTED: 1 });
    expect(logged).toEqual(["DHCP: no address is free"]);
  });

  test("never commits rapidly, though it is asked to (RFC 4039)", async () => {
    const offer = await lan().send("DISCOVER", { ...A, options: [[80, new Uint8Array()]] });
    expect(offer?.type).toBe("OFFER");
    expect(offer?.option(dhcpOption.rapidCommit)).toBeUndefined();
  });

  test("never gives out gateway, server, fixed, network or broadcast addresses, even out of a range", async () => {
    const { join } = lan({
      segment: { gateway: "192.168.100.1/29" },
      server: {
        address: "192.168.100.2",
        ranges: [{ first: "192.168.100.0", last: "192.168.100.7" }],
        bindings: [{ ip: "192.168.100.3", mac: macOf(99) }],
      },
    });
    const given = [];
    for (let n = 1; n <= 4; n++) given.push(await join({ mac: macOf(n) }));
    expect(given).toEqual(["192.168.100.4", "192.168.100.5", "192.168.100.6", undefined]);
  });
});

describe("DhcpService on REQUEST in SELECTING", () => {
  test("acknowledges what it offered, durably, and says so", async () => {
    const { send, store, events, clock } = lan();
    await send("DISCOVER", A);
    const ack = await send("REQUEST", {
      ...A,
      requested: first,
      serverId: GATEWAY,
      options: [[12, dhcpOption.hostName.value.encode("vm-1\u0007<b>")]],
    });
    expect(ack).toMatchObject({ type: "ACK", yiaddr: first, to: first, toMac: A.mac });
    expect([...store.durable.values()]).toEqual([
      {
        segment: "web",
        ip: parseIpv4(first),
        mac: A.mac,
        clientId: undefined,
        hostname: "vm-1b",
        start: clock.wall(),
        expires: clock.wall() + 600_000,
        state: "bound",
      },
    ]);
    expect(events).toEqual([{ segment: "web", mac: A.mac, ip: parseIpv4(first), state: "bound" }]);
  });

  test("acknowledges only once the lease is durable", async () => {
    const { send, store } = lan();
    await send("DISCOVER", A);
    store.isPrompt = false;
    let acknowledged = false;
    const ack = send("REQUEST", { ...A, requested: first, serverId: GATEWAY }).then((answer) => {
      acknowledged = true;
      return answer;
    });
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(acknowledged).toBe(false);
    store.commit();
    expect((await ack)?.type).toBe("ACK");
  });

  test("says nothing when the lease cannot be made durable, and counts it", async () => {
    const { send, store, dropped, events } = lan();
    store.isPrompt = false;
    const ack = send("REQUEST", { ...A, requested: first, serverId: GATEWAY });
    store.fail();
    expect(await ack).toBeUndefined();
    expect(dropped()).toEqual({ STORE_FAILED: 1 });
    expect(events).toEqual([]);
    store.isPrompt = true;
    expect((await send("REQUEST", { ...A, requested: first, serverId: GATEWAY }))?.type).toBe("ACK");
    expect(events).toHaveLength(1);
  });

  test("a client goes on with what is left of its lease on disk while nothing can be written, and nobody gets more", async () => {
    const { join, send, store, clock } = lan();
    await join(A);
    const ends = [...store.durable.values()][0]?.expires ?? 0;
    clock.advance(10_000);
    store.isPrompt = false;
    const ack = send("REQUEST", { ...A, ciaddr: first });
    store.fail();
    const renewed = await ack;
    const seconds = (code: number) => Buffer.from(renewed?.message.options.get(code) ?? []).readUInt32BE(0);
    const left = Math.floor((ends - clock.wall()) / 1_000);
    expect(renewed?.type).toBe("ACK");
    expect([seconds(51), seconds(58), seconds(59)]).toEqual([left, Math.floor(left / 2), Math.floor((left * 7) / 8)]);
    // What it had is what is remembered: at its end it ends.
    clock.advance(left * 1_000 - 5_000);
    const late = send("REQUEST", { ...A, ciaddr: first });
    store.fail();
    expect(await late).toBeUndefined();
  });

  test("gives nothing to who takes another server's offer, and frees its own", async () => {
    const { send, dropped, service } = lan();
    await send("DISCOVER", A);
    expect(await send("REQUEST", { ...A, requested: first, serverId: "192.168.100.9" })).toBeUndefined();
    expect(dropped()).toEqual({ OTHER_SERVER: 1 });
    expect(service.usage()[0]).toMatchObject({ free: 3, offered: 0 });
  });

  test.each([
    { what: "another's address", requested: first },
    { what: "an address outside the ranges", requested: "192.168.100.200" },
    { what: "an address of another network", requested: "10.0.0.1" },
  ])("refuses $what with a NAK to everyone", async ({ requested }) => {
    const { join, send } = lan();
    await join(A);
    const nak = await send("REQUEST", { ...B, requested, serverId: GATEWAY });
    expect(nak).toMatchObject({ type: "NAK", yiaddr: "0.0.0.0", to: "255.255.255.255", toMac: BROADCAST_MAC });
    expect(nak?.option(dhcpOption.leaseTime)).toBeUndefined();
    expect(nak?.option(dhcpOption.message)).toBe("address is not available");
  });

  test("moves a client to one address at a time", async () => {
    const { join, send, service, events } = lan();
    await join(A);
    expect((await send("REQUEST", { ...A, requested: second, serverId: GATEWAY }))?.type).toBe("ACK");
    expect(service.leases().map(({ ip, state }) => [formatIpv4(ip), state])).toEqual([
      [first, "released"],
      [second, "bound"],
    ]);
    expect(events.map(({ ip, state }) => [formatIpv4(ip), state])).toEqual([
      [first, "bound"],
      [first, "released"],
      [second, "bound"],
    ]);
  });

  test("is malformed without the address", async () => {
    const { send, dropped } = lan();
    expect(await send("REQUEST", { ...A, serverId: GATEWAY })).toBeUndefined();
    expect(dropped()).toEqual({ MALFORMED: 1 });
  });
});

describe("DhcpService on REQUEST in INIT-REBOOT", () => {
  test("acknowledges a client's own address", async () => {
    const { join, send } = lan();
    await join(A);
    expect(await send("REQUEST", { ...A, requested: first })).toMatchObject({ type: "ACK", yiaddr: first });
  });

  test("acknowledges a former address that nobody took meanwhile", async () => {
    const { join, send, clock } = lan();
    await join(A);
    clock.advance(700_000);
    expect(await send("REQUEST", { ...A, requested: first })).toMatchObject({ type: "ACK", yiaddr: first });
  });

  test("refuses a known client another address, and anyone an address of another network", async () => {
    const { join, send } = lan();
    await join(A);
    expect((await send("REQUEST", { ...A, requested: second }))?.type).toBe("NAK");
    expect((await send("REQUEST", { ...B, requested: "10.0.0.1" }))?.type).toBe("NAK");
  });

  test("is silent to a client there is no record of (RFC 2131 §4.3.2)", async () => {
    const { send, dropped } = lan();
    expect(await send("REQUEST", { ...A, requested: first })).toBeUndefined();
    expect(dropped()).toEqual({ UNKNOWN_CLIENT: 1 });
  });
});

describe("DhcpService on REQUEST in RENEWING and REBINDING", () => {
  test.each([
    { state: "RENEWING", to: GATEWAY },
    { state: "REBINDING", to: "255.255.255.255" },
    { state: "REBINDING to the subnet", to: "192.168.100.255" },
  ])("in $state extends the lease and answers to the client's address", async ({ to }) => {
    const { join, send, clock, service, events } = lan();
    await join(A);
    const start = clock.wall();
    clock.advance(300_000);
    const ack = await send("REQUEST", { ...A, ciaddr: first, to, toMac: to === GATEWAY ? ROUTER_MAC : BROADCAST_MAC });
    expect(ack).toMatchObject({ type: "ACK", yiaddr: first, to: first, toMac: A.mac });
    expect(ack?.message.ciaddr).toBe(parseIpv4(first));
    expect(service.leases()).toMatchObject([{ start, expires: start + 900_000 }]);
    expect(events).toHaveLength(1);
  });

  test("refuses an address that another client has", async () => {
    const { join, send, dropped } = lan();
    await join(A);
    expect((await send("REQUEST", { ...B, ciaddr: first, to: GATEWAY }))?.type).toBe("NAK");
    expect(await send("REQUEST", { ...B, ciaddr: first })).toBeUndefined();
    expect(dropped()).toEqual({ UNKNOWN_CLIENT: 1 });
    await join(B);
    expect((await send("REQUEST", { ...B, ciaddr: first }))?.type).toBe("NAK");
  });

  test("confirms a free address to a client whose record was lost", async () => {
    const { send } = lan();
    expect(await send("REQUEST", { ...A, ciaddr: second, to: GATEWAY })).toMatchObject({ type: "ACK", yiaddr: second });
    expect(await send("REQUEST", { ...B, ciaddr: "192.168.100.12" })).toMatchObject({ type: "ACK" });
  });

  test("refuses an address of another network", async () => {
    expect((await lan().send("REQUEST", { ...A, ciaddr: "10.0.0.1" }))?.type).toBe("NAK");
  });

  test("refuses an address that has left the ranges", async () => {
    const { join, send, service } = lan();
    await join(A);
    service.configure([{ ...webServer, ranges: [{ first: second, last: second }] }], [web]);
    expect((await send("REQUEST", { ...A, ciaddr: first, to: GATEWAY }))?.type).toBe("NAK");
    expect(await join(A)).toBe(second);
  });
});

describe("DhcpService on DECLINE, RELEASE and INFORM", () => {
  test("lets a declined address rest, also over a restart, and then gives it out again", async () => {
    const store = new MemoryStore();
    const before = lan({ store, server: { declineSeconds: 120 } });
    await before.join(A);
    expect(await before.send("DECLINE", { ...A, requested: first, serverId: GATEWAY })).toBeUndefined();
    expect(before.events.at(-1)).toMatchObject({ ip: parseIpv4(first), state: "released" });
    expect(before.dropped()).toEqual({});
    const { join, send, clock } = lan({ store, clock: before.clock, server: { declineSeconds: 120 } });
    expect(await join(A)).toBe(second);
    expect((await send("DISCOVER", { ...B, requested: first }))?.yiaddr).toBe("192.168.100.12");
    expect((await send("REQUEST", { ...B, requested: first, serverId: GATEWAY }))?.type).toBe("NAK");
    clock.advance(122_000);
    expect((await send("DISCOVER", { mac: macOf(3), requested: first }))?.yiaddr).toBe(first);
  });

  test("takes back a released address, and remembers whose it was", async () => {
    const { join, send, events, store } = lan();
    await join(A);
    expect(await send("RELEASE", { ...A, ciaddr: first, serverId: GATEWAY, to: GATEWAY })).toBeUndefined();
    expect(events.at(-1)).toEqual({ segment: "web", mac: A.mac, ip: parseIpv4(first), state: "released" });
    expect([...store.durable.values()]).toMatchObject([{ state: "released" }]);
    expect(await join(B)).toBe(second);
    expect(await join(A)).toBe(first);
  });

  test.each(["DECLINE", "RELEASE"] as const)("ignores a %s of what is not the client's", async (type) => {
    const { join, send, dropped, service } = lan();
    await join(A);
    const its = { ciaddr: type === "RELEASE" ? first : "0.0.0.0", requested: first };
    await send(type, { ...B, ...its, serverId: GATEWAY });
    await send(type, { ...A, ...its });
    await send(type, { ...A, ...its, serverId: "192.168.100.9" });
    expect(dropped()).toEqual({ NOT_ITS_LEASE: 2, OTHER_SERVER: 1 });
    expect(service.leases()).toMatchObject([{ state: "bound" }]);
  });

  test("answers INFORM with parameters alone (RFC 2131 §4.3.5)", async () => {
    const { send, service, dropped } = lan();
    const ack = await send("INFORM", { ...A, ciaddr: "192.168.100.77", parameters: [3] });
    expect(ack).toMatchObject({ type: "ACK", yiaddr: "0.0.0.0", to: "192.168.100.77", toMac: A.mac });
    expect(ack?.option(dhcpOption.routers)).toEqual([parseIpv4(GATEWAY)]);
    for (const code of [dhcpOption.leaseTime, dhcpOption.renewalTime, dhcpOption.rebindingTime])
      expect(ack?.option(code)).toBeUndefined();
    expect(service.leases()).toEqual([]);
    expect(await send("INFORM", { ...A, ciaddr: "10.0.0.1" })).toBeUndefined();
    expect(await send("INFORM", { ...A, source: "10.0.0.1" })).toBeUndefined();
    expect(dropped()).toEqual({ MALFORMED: 2 });
  });
});

describe("DhcpService and who is who", () => {
  test("tells clients apart by identifier, if they send one, and by MAC if not", async () => {
    const { join } = lan();
    expect(await join({ ...A, clientId: "0102" })).toBe(first);
    expect(await join({ ...A, clientId: "0103" })).toBe(second);
    expect(await join(A)).toBe("192.168.100.12");
    expect(await join({ ...A, clientId: "0102" })).toBe(first);
  });

  test("leaves hardware only its newest address, whatever identifiers it comes with", async () => {
    const { join, service } = lan();
    await join({ ...A, clientId: "0102" });
    await join(B);
    await join({ ...A, clientId: "0103" });
    const bound = () => service.leases().filter((l) => l.state === "bound");
    expect(bound().map((l) => l.clientId)).toEqual([undefined, "0103"]);
    expect(await join({ ...A, clientId: "0102" })).toBe(first);
    expect(
      bound()
        .map((l) => l.clientId)
        .toSorted(),
    ).toEqual(["0102", undefined]);
  });

  test("finds a client by its identifier on new hardware once the former lease is over, but not before", async () => {
    const { join, send } = lan();
    const clientId = "ff00000001000200ab";
    expect(await join({ ...A, clientId })).toBe(first);
    expect(await join({ ...B, clientId })).toBe(second);
    await send("RELEASE", { ...A, clientId, ciaddr: first, serverId: GATEWAY, to: GATEWAY });
    expect(await join({ mac: macOf(3), clientId })).toBe(first);
    expect(await join({ mac: macOf(4), clientId })).toBe("192.168.100.12");
  });

  test("echoes the client's identifier (RFC 6842), in a NAK too", async () => {
    const { send } = lan();
    const offer = await send("DISCOVER", { ...A, clientId: "01020000000001" });
    const nak = await send("REQUEST", { ...A, clientId: "01020000000001", requested: "10.0.0.1" });
    for (const answer of [offer, nak])
      expect(answer?.message.options.get(61)).toEqual(Uint8Array.of(1, 2, 0, 0, 0, 0, 1));
  });

  const bindings = [
    { ip: "192.168.100.50", mac: A.mac },
    { ip: "192.168.100.51", clientId: "0AbC" },
    { ip: "192.168.100.52", mac: A.mac, clientId: "0abc" },
  ];
  test.each([
    { who: "by MAC", says: A, ip: "192.168.100.50" },
    { who: "by MAC, with some identifier", says: { ...A, clientId: "0102" }, ip: "192.168.100.50" },
    { who: "by identifier", says: { ...B, clientId: "0abc" }, ip: "192.168.100.51" },
    { who: "by both before either", says: { ...A, clientId: "0abc" }, ip: "192.168.100.52" },
    { who: "not at all", says: { ...B, clientId: "0102" }, ip: first },
  ])("gives a client bound $who the address $ip", async ({ says, ip }) => {
    const { join, send } = lan({ server: { bindings } });
    expect(await join(says)).toBe(ip);
    expect((await send("REQUEST", { ...says, ciaddr: ip, to: GATEWAY }))?.type).toBe("ACK");
  });

  test("gives a bound client its address whatever identifier it comes with (boot loader, then system)", async () => {
    const { join } = lan({ server: { bindings } });
    expect(await join({ ...A, clientId: "0101" })).toBe("192.168.100.50");
    expect(await join({ ...A, clientId: "0202" })).toBe("192.168.100.50");
  });

  test("keeps a fixed address from other hardware that uses its owner's identifier", async () => {
    const { join, dropped } = lan({ server: { bindings } });
    expect(await join({ ...B, clientId: "0abc" })).toBe("192.168.100.51");
    expect(await join({ mac: macOf(3), clientId: "0abc" })).toBeUndefined();
    expect(dropped()).toEqual({ BINDING_IN_USE: 1 });
  });

  test("moves a client to its fixed address when it gets one, at the next renewal", async () => {
    const { join, send, service } = lan();
    await join(A);
    service.configure([{ ...webServer, bindings }], [web]);
    expect((await send("REQUEST", { ...A, ciaddr: first, to: GATEWAY }))?.type).toBe("NAK");
    expect(await join(A)).toBe("192.168.100.50");
    expect(service.usage()[0]).toMatchObject({ free: 3 });
  });
});

describe("DhcpService and options", () => {
  const options = {
    dns: ["192.0.2.53"],
    hostname: "vm",
    mtu: 1400,
    ntp: ["192.0.2.123"],
    tftpServer: "boot.example",
    bootFile: "pxe.0",
    searchDomains: ["web.example", "example"],
    classlessRoutes: [{ prefix: "10.0.0.0/8", via: "192.168.100.254" }],
    tftpAddresses: ["192.0.2.69"],
    raw: [{ code: 224, hex: "81fF" }],
  };

  test("sends all that is configured, with its own values for the binding's client", async () => {
    const server = {
      options,
      bindings: [{ ip: "192.168.100.50", mac: A.mac, options: { hostname: "own", router: [] } }],
    };
    const { send } = lan({ server });
    const offer = await send("DISCOVER", { ...B, options: [[57, Uint8Array.of(5, 220)]] });
    expect(offer?.option(dhcpOption.domainNameServers)).toEqual([parseIpv4("192.0.2.53")]);
    expect(offer?.option(dhcpOption.hostName)).toBe("vm");
    expect(offer?.option(dhcpOption.interfaceMtu)).toBe(1400);
    expect(offer?.option(dhcpOption.ntpServers)).toEqual([parseIpv4("192.0.2.123")]);
    expect(offer?.option(dhcpOption.tftpServerName)).toBe("boot.example");
    expect(offer?.option(dhcpOption.bootFileName)).toBe("pxe.0");
    expect(offer?.option(dhcpOption.domainSearch)).toEqual(["web.example", "example"]);
    expect(offer?.option(dhcpOption.tftpServerAddresses)).toEqual([parseIpv4("192.0.2.69")]);
    expect(offer?.message.options.get(224)).toEqual(Uint8Array.of(0x81, 0xff));
    const bound = await send("DISCOVER", A);
    expect(bound?.option(dhcpOption.hostName)).toBe("own");
    expect(bound?.option(dhcpOption.routers)).toBeUndefined();
  });

  test("sends 249 only to who asks for it", async () => {
    const { send } = lan({ server: { options } });
    const routes = [
      { prefix: parsePrefix("10.0.0.0/8"), via: parseIpv4("192.168.100.254") },
      { prefix: parsePrefix("0.0.0.0/0"), via: parseIpv4(GATEWAY) },
    ];
    const plain = await send("DISCOVER", A);
    expect(plain?.option(dhcpOption.classlessRoutes)).toEqual(routes);
    expect(plain?.option(dhcpOption.classlessRoutesMicrosoft)).toBeUndefined();
    const microsoft = await send("DISCOVER", { ...A, parameters: [249, 3] });
    expect(microsoft?.option(dhcpOption.classlessRoutesMicrosoft)).toEqual(routes);
  });

  test("keeps to the client's maximum message size: overloads fields, then leaves out what was not asked for", async () => {
    const classlessRoutes = Array.from({ length: 36 }, (_, i) => ({
      prefix: `10.0.${i}.1/32`,
      via: "192.168.100.254",
    }));
    const { send } = lan({
      server: { options: { ...options, classlessRoutes, raw: [{ code: 225, hex: "81".repeat(120) }] } },
    });
    const small = await send("DISCOVER", { ...A, parameters: [121] });
    expect(small?.size).toBeLessThanOrEqual(576);
    expect(small?.option(dhcpOption.classlessRoutes)).toHaveLength(37);
    expect(small?.message.options.has(225)).toBe(false);
    const large = await send("DISCOVER", { ...A, parameters: [121], options: [[57, Uint8Array.of(5, 220)]] });
    expect(large?.size).toBeGreaterThan(576);
    expect(large?.message.options.has(225)).toBe(true);
  });

  test("gives a lease without end no T1 and T2, and never ends it", async () => {
    const { join, send, clock, service } = lan({ server: { leaseSeconds: 0xffff_ffff } });
    const offer = await send("DISCOVER", A);
    expect(offer?.option(dhcpOption.leaseTime)).toBe(0xffff_ffff);
    expect(offer?.option(dhcpOption.renewalTime)).toBeUndefined();
    await join(A);
    service.close();
    clock.advance(200 * 365 * 86_400_000);
    await send("DISCOVER", B);
    expect(service.leases()).toMatchObject([{ state: "bound", expires: NEVER }]);
  });

  test("ends a lease of fifty years after fifty years", async () => {
    const seconds = 50 * 365 * 86_400;
    const { join, send, clock, service } = lan({ server: { leaseSeconds: seconds } });
    await join(A);
    service.close();
    clock.advance(seconds * 1000 - 1000);
    await send("DISCOVER", B);
    expect(service.leases()).toMatchObject([{ state: "bound" }]);
    clock.advance(2000);
    await send("DISCOVER", B);
    expect(service.leases()).toMatchObject([{ state: "expired" }]);
  });
});

describe("DhcpService and relays", () => {
  const relay = { from: macOf(77), giaddr: "192.168.100.9", to: GATEWAY };
  const note: readonly [number, Uint8Array] = [82, Uint8Array.of(1, 2, 0x81, 0x01)];
  const server = { relays: ["192.168.100.9"] };

  test("answers to the relay, with its note as it came (RFC 3046)", async () => {
    const { send } = lan({ server });
    const offer = await send("DISCOVER", { ...A, ...relay, options: [note] });
    expect(offer).toMatchObject({ type: "OFFER", toMac: macOf(77), to: "192.168.100.9", port: 67 });
    expect([...(offer?.message.options ?? [])].at(-1)).toEqual(note);
    const nak = await send("REQUEST", { ...A, ...relay, requested: "10.0.0.1", options: [note] });
    expect(nak).toMatchObject({ type: "NAK", to: "192.168.100.9", port: 67, message: { broadcast: true } });
    expect(nak?.message.options.get(82)).toEqual(note[1]);
  });

  test("hears only the relays it was told of", async () => {
    const { send, dropped } = lan({ server });
    expect(await send("DISCOVER", { ...A, ...relay, giaddr: "192.168.100.8" })).toBeUndefined();
    expect(dropped()).toEqual({ UNKNOWN_RELAY: 1 });
  });
});

describe("DhcpService and strangers' bytes", () => {
  test.each([
    { what: "a hardware address that is not the frame's", reason: "SPOOFED", says: { ...A, from: macOf(9) } },
    { what: "a reply", reason: "NOT_A_REQUEST", says: { fields: { op: 2 } } },
    { what: "Token Ring", reason: "HARDWARE", says: { fields: { htype: 6 } } },
    { what: "a hardware address of 8 bytes", reason: "HARDWARE", says: { fields: { hlen: 8 } } },
    {
      what: "a group's hardware address",
      reason: "HARDWARE",
      says: { fields: { chaddr: new Uint8Array(16).fill(1) } },
    },
    { what: "no hardware address", reason: "HARDWARE", says: { fields: { chaddr: new Uint8Array(16) } } },
    { what: "no message type", reason: "MALFORMED", says: { fields: { options: new Map() } } },
    { what: "an unknown message type", reason: "MALFORMED", says: { options: [[53, Uint8Array.of(9)]] } },
    { what: "an address of three bytes", reason: "MALFORMED", says: { options: [[50, Uint8Array.of(1, 2, 3)]] } },
    { what: "an identifier of one byte", reason: "MALFORMED", says: { clientId: "01" } },
    { what: "another host's address", reason: "NOT_FOR_SERVER", says: { to: "192.168.100.3" } },
    { what: "another host's MAC", reason: "NOT_FOR_SERVER", says: { to: GATEWAY, toMac: macOf(3) } },
  ] as const)("drops $what as $reason", async ({ reason, says }) => {
    const { send, dropped, service } = lan();
    expect(await send("DISCOVER", says)).toBeUndefined();
    expect(dropped()).toEqual({ [reason]: 1 });
    expect(service.usage()[0]).toMatchObject({ free: 3 });
  });

  test("drops what only servers say", async () => {
    const { send, dropped } = lan();
    for (const type of ["OFFER", "ACK", "NAK"] as const) expect(await send(type, A)).toBeUndefined();
    expect(dropped()).toEqual({ NOT_A_REQUEST: 3 });
  });

  const frame = frameOf("DISCOVER", A);
  const changed = (at: number, value: number) => Uint8Array.from(frame, (b, i) => (i === at ? value : b));
  test.each([
    { what: "a VLAN tag", reason: "NOT_DHCP", bytes: changed(12, 0x81) },
    { what: "a cut frame", reason: "FRAME_MALFORMED", bytes: frame.subarray(0, 13) },
    { what: "a cut packet", reason: "FRAME_MALFORMED", bytes: frame.subarray(0, 100) },
    { what: "a wrong UDP checksum", reason: "FRAME_MALFORMED", bytes: changed(60, 0xff) },
  ])("drops $what as $reason", async ({ reason, bytes }) => {
    const { sendRaw, dropped } = lan();
    expect(await sendRaw(bytes)).toBeUndefined();
    expect(dropped()).toEqual({ [reason]: 1 });
  });

  test("drops what comes on a segment without a server", async () => {
    const { sendRaw, dropped } = lan();
    expect(await sendRaw(frame, Vni(1))).toBeUndefined();
    expect(dropped()).toEqual({ NO_SERVER: 1 });
  });
});

test("DhcpService counts or answers whatever a client sends, and never throws", () => {
  const { service } = lan({ server: { relays: ["192.168.100.9"] } });
  const types = ["DISCOVER", "REQUEST", "DECLINE", "RELEASE", "INFORM"] as const;
  const seeds = types.map((type) => withoutUdpChecksum(frameOf(type, { ...A, requested: first, clientId: "0102" })));
  // Behind the Ethernet and IPv4 headers, whose checksum would catch it.
  const edit = fc.tuple(fc.integer({ min: 34, max: 400 }), fc.nat(255));
  let answered = 0;
  let handled = 0;
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 6 }), (seed, edits) => {
      const frame = Uint8Array.from(seed);
      for (const [at, value] of edits) if (at < frame.length) frame[at] = value;
      handled++;
      service.answer({ vni: VNI, tep: parseIpv4("10.99.3.1"), frame }, (reply) => {
        if (reply) answered++;
      });
    }),
    { numRuns: 5_000 },
  );
  const { dropped, sent } = service.counters;
  expect(Object.values(dropped).filter((n) => n > 0).length).toBeGreaterThan(4);
  expect(sent.OFFER + sent.ACK + sent.NAK).toBeGreaterThanOrEqual(answered);
  expect(handled).toBe(5_000);
  expect(dropped.REPLY_FAILED).toBe(0);
});

function withoutUdpChecksum(frame: Uint8Array): Uint8Array {
  frame.fill(0, 40, 42);
  return frame;
}

describe("DhcpService over changes", () => {
  test("counts what it receives and sends by type", async () => {
    const { join, service } = lan();
    await join(A);
    expect(service.counters.received).toMatchObject({ DISCOVER: 1, REQUEST: 1, RELEASE: 0 });
    expect(service.counters.sent).toMatchObject({ OFFER: 1, ACK: 1, NAK: 0 });
  });

  test("knows its leases again after a restart", async () => {
    const store = new MemoryStore();
    const { join, clock } = lan({ store });
    await join(A);
    const again = lan({ store, clock });
    expect(await again.join(B)).toBe(second);
    expect(await again.join(A)).toBe(first);
    expect(again.events.map(({ mac }) => mac)).toEqual([B.mac]);
  });

  test("reads a lease that ended while it was down as ended", async () => {
    const store = new MemoryStore();
    const { join, clock } = lan({ store });
    await join(A);
    clock.advance(601_000);
    const again = lan({ store, clock });
    expect(again.service.leases()).toMatchObject([{ state: "expired" }]);
    expect(again.service.usage()[0]).toMatchObject({ free: 3 });
  });

  test("says when a lease ends, without being asked", async () => {
    const { join, clock, events, service } = lan();
    await join(A);
    clock.advance(599_000);
    expect(events).toHaveLength(1);
    clock.advance(2_000);
    expect(events.at(-1)).toEqual({ segment: "web", mac: A.mac, ip: parseIpv4(first), state: "released" });
    expect(service.usage()[0]).toMatchObject({ free: 3 });
  });

  test("keeps the leases of a segment that has no server for a while, and ends them in time", async () => {
    const { join, service, clock, events } = lan();
    await join(A);
    service.configure([], [web]);
    service.configure([webServer], [web]);
    expect(await join(B)).toBe(second);
    service.configure([], []);
    clock.advance(602_000);
    expect(events.filter(({ state }) => state === "released")).toHaveLength(2);
    service.configure([webServer], [web]);
    expect(service.usage()[0]).toMatchObject({ free: 3 });
  });

  test("refuses a whole configuration that it cannot serve, and goes on as before", async () => {
    const { join, service } = lan();
    expect(() => service.configure([{ ...webServer, segment: "gone" }], [web])).toThrow("CONFIG_REFUSED");
    expect(() => service.configure([{ ...webServer, options: { searchDomains: ["a..b"] } }], [web])).toThrow("WIRE_");
    expect(await join(A)).toBe(first);
  });
});
