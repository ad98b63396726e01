import { describe, expect, test } from "vitest";
import type { DhcpOptions } from "../model/dhcp.ts";
import { formatIpv4, parseIpv4 } from "../net/ipv4.ts";
import { BROADCAST_MAC } from "../net/mac.ts";
import { formatPrefix } from "../net/prefix.ts";
import { dhcpOption } from "../wire/dhcp-option-codes.ts";
import { type Answer, GATEWAY, lan, macOf, ROUTER_MAC, type Says } from "./lan.testing.ts";

const A = { mac: macOf(1) };
const first = "192.168.100.10";
const text = (bytes: Uint8Array | undefined) =>
  Buffer.from(bytes ?? [])
    .toString()
    .replace(/\0+$/, "");

describe("DhcpService answers clients that fill in what RFC 2131 table 4 leaves out, or leave out what it asks for", () => {
  const toServer = { to: GATEWAY, toMac: ROUTER_MAC };
  test.each<{ what: string; says: Says }>([
    { what: "RENEW with option 54", says: { ciaddr: first, serverId: GATEWAY, ...toServer } },
    { what: "RENEW with option 50", says: { ciaddr: first, requested: first, ...toServer } },
    { what: "RENEW with options 50 and 54", says: { ciaddr: first, requested: first, serverId: GATEWAY, ...toServer } },
    { what: "REBIND with option 54", says: { ciaddr: first, serverId: GATEWAY, toMac: BROADCAST_MAC } },
  ])("$what", async ({ says }) => {
    const { join, send } = lan();
    await join(A);
    expect(await send("REQUEST", { ...A, ...says })).toMatchObject({ type: "ACK", yiaddr: first, to: first });
  });

  test("REQUEST after OFFER with the address in ciaddr alone", async () => {
    const { send } = lan();
    const says = { ...A, ciaddr: first, source: "0.0.0.0", serverId: GATEWAY };
    await send("DISCOVER", A);
    expect(await send("REQUEST", says)).toMatchObject({ type: "ACK", yiaddr: first, toMac: A.mac });
    const stranger = await send("REQUEST", { ...says, mac: macOf(2) });
    expect(stranger?.type).toBe("NAK");
  });

  test("none of another server's", async () => {
    const { join, send, dropped } = lan();
    await join(A);
    expect(await send("REQUEST", { ...A, ciaddr: first, serverId: "192.168.100.9" })).toBeUndefined();
    expect(dropped()).toEqual({ OTHER_SERVER: 1 });
  });

  test("INFORM with its address in the packet alone, and with none", async () => {
    const { send, service } = lan();
    const shown = await send("INFORM", { ...A, source: "192.168.100.77" });
    expect(shown).toMatchObject({ type: "ACK", yiaddr: "0.0.0.0", to: "192.168.100.77", toMac: A.mac });
    const bare = await send("INFORM", A);
    expect(bare).toMatchObject({ type: "ACK", yiaddr: "0.0.0.0", to: "255.255.255.255", toMac: A.mac });
    expect(bare?.option(dhcpOption.leaseTime)).toBeUndefined();
    expect(service.leases()).toEqual([]);
  });
});

const offerWith = async (options: DhcpOptions, says: Says = {}): Promise<Answer | undefined> =>
  lan({ server: { options } }).send("DISCOVER", { ...A, ...says });

describe("DhcpService adds to classless routes the default route that clients look for nowhere else", () => {
  const some = { prefix: "10.50.0.0/16", via: "192.168.100.9" };
  const fallback = { prefix: "0.0.0.0/0", via: "192.168.100.8" };
  test.each<{ what: string; options: DhcpOptions; routes: string[] }>([
    { what: "by the gateway", options: {}, routes: ["10.50.0.0/16 192.168.100.9", `0.0.0.0/0 ${GATEWAY}`] },
    {
      what: "by the router that is wished",
      options: { router: ["192.168.100.7", "192.168.100.6"] },
      routes: ["10.50.0.0/16 192.168.100.9", "0.0.0.0/0 192.168.100.7"],
    },
    {
      what: "not where there is one",
      options: { classlessRoutes: [fallback, some] },
      routes: ["0.0.0.0/0 192.168.100.8", "10.50.0.0/16 192.168.100.9"],
    },
    { what: "not where there is no router", options: { router: [] }, routes: ["10.50.0.0/16 192.168.100.9"] },
  ])("$what", async ({ options, routes }) => {
    const offer = await offerWith({ classlessRoutes: [some], ...options }, { parameters: [121, 249] });
    for (const code of [dhcpOption.classlessRoutes, dhcpOption.classlessRoutesMicrosoft])
      expect(offer?.option(code)?.map(({ prefix, via }) => `${formatPrefix(prefix)} ${formatIpv4(via)}`)).toEqual(
        routes,
      );
  });
});

describe("DhcpService fills the fields that PXE firmware reads", () => {
  test("siaddr with a server that is an address, file with the boot file, beside options 66 and 67", async () => {
    const offer = await offerWith({ tftpServer: "192.0.2.69", bootFile: "pxe/lin.0" });
    expect(offer?.message.siaddr).toBe(parseIpv4("192.0.2.69"));
    expect([text(offer?.message.file), text(offer?.message.sname)]).toEqual(["pxe/lin.0", ""]);
    expect(offer?.option(dhcpOption.tftpServerName)).toBe("192.0.2.69");
    expect(offer?.option(dhcpOption.bootFileName)).toBe("pxe/lin.0");
  });

  test("sname with a server that is a name, siaddr with the first address of option 150", async () => {
    const offer = await offerWith({ tftpServer: "boot.example", tftpAddresses: ["192.0.2.70", "192.0.2.71"] });
    expect(offer?.message.siaddr).toBe(parseIpv4("192.0.2.70"));
    expect(text(offer?.message.sname)).toBe("boot.example");
  });

  test("with nothing where nothing is wished, or what is too long for the field", async () => {
    const plain = await offerWith({});
    expect([plain?.message.siaddr, text(plain?.message.file)]).toEqual([0, ""]);
    const bootFile = "x".repeat(128);
    const long = await offerWith({ bootFile }, { options: [[57, Uint8Array.of(5, 220)]] });
    expect(text(long?.message.file)).toBe("");
    expect(long?.option(dhcpOption.bootFileName)).toBe(bootFile);
  });

  test("only where options do not need their room", async () => {
    const raw = [225, 226, 227].map((code) => ({ code, hex: "81".repeat(90) }));
    const offer = await offerWith({ tftpServer: "192.0.2.69", bootFile: "pxe.0", raw });
    expect(offer?.option(dhcpOption.bootFileName)).toBe("pxe.0");
    expect(offer?.message.options.get(227)).toHaveLength(90);
    expect(offer?.message.siaddr).toBe(parseIpv4("192.0.2.69"));
    expect(offer?.size).toBeLessThanOrEqual(576);
  });
});
