import type { RtNetlinkSocket, rt } from "netlink";
import { unreachable } from "../base/assert.ts";
import { PcgError } from "../base/error.ts";
import type { ObjectOf } from "../model/kernel-object.ts";
import { type Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { macBytes, parseMac } from "../net/mac.ts";
import { parseInterfaceAddress, parsePrefix } from "../net/prefix.ts";
import { setFeature } from "./ethtool.edge.ts";
import { GRO_DEFAULT_BYTES, OWN_PROTOCOL } from "./rt-objects.ts";
import { AF_INET, limit, type RtNetlink, vethInfo } from "./rtnetlink.edge.ts";

export type RtObject = ObjectOf<"veth-pair" | "gro-limit" | "address" | "neighbour" | "route" | "rule">;

type GroLimit = ObjectOf<"gro-limit">;

/** Linux netlink flags (linux/netlink.h). */
const CREATE = 0x400;
const EXCL = 0x200;
const REPLACE = 0x100;
/** RTNH_F_ONLINK: the next hop is on the link whatever its address looks like. */
const ONLINK = 4;

const bytes = (a: Ipv4): Buffer => {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(a);
  return b;
};

/** Applies one object of rtnetlink's. A change is a replace where the kernel has one, else remove and add. */
export class RtApply {
  readonly #rt: RtNetlink;
  constructor(netlink: RtNetlink) {
    this.#rt = netlink;
  }

  async add(o: RtObject): Promise<void> {
    if (o.kind === "gro-limit") {
      await this.#rt.setGroLimit(await this.#indexOf(o.link), o.bytes);
      return;
    }
    await this.#rt.change(`add ${o.kind}`, await this.#adding(o));
    if (o.kind === "veth-pair") await this.#settle(o);
  }

  async change(from: RtObject, to: RtObject): Promise<void> {
    if (to.kind === "veth-pair") return await this.#settle(to);
    if (to.kind === "rule") {
      // A rule has no replace; the two may stand side by side for a moment, but not alike.
      await this.add(to);
      return await this.remove(from);
    }
    return await this.add(to);
  }

  async remove(o: RtObject): Promise<void> {
    if (o.kind === "gro-limit") {
      await this.#rt.setGroLimit(await this.#indexOf(o.link), GRO_DEFAULT_BYTES);
      return;
    }
    await this.#rt.change(`remove ${o.kind}`, await this.#removing(o));
  }

  async #adding(o: Exclude<RtObject, GroLimit>): Promise<(s: RtNetlinkSocket) => Promise<unknown>> {
    const replace = { ...limit, flags: CREATE | REPLACE };
    switch (o.kind) {
      case "veth-pair": {
        if (await this.#indexOf(o.name).catch(() => undefined)) return async () => undefined;
        const attrs = { ifname: o.name, linkinfo: vethInfo(o.peer) as never };
        return (s) => s.newLink({}, attrs, { ...limit, flags: CREATE | EXCL });
      }
      case "address": {
        const { address, length } = parseInterfaceAddress(o.address);
        const data = { family: AF_INET, prefixlen: length, index: await this.#indexOf(o.link) };
        return (s) =>
          s.newAddress(
            data,
            { local: bytes(address), address: bytes(address), flags: { noprefixroute: true } },
            replace,
          );
      }
      case "neighbour": {
        const data = { family: AF_INET, ifindex: await this.#indexOf(o.link), state: { permanent: true } } as const;
        const attrs = { dst: bytes(parseIpv4(o.address)), lladdr: Buffer.from(macBytes(parseMac(o.mac))) };
        return (s) => s.newNeighbor(data, attrs, replace);
      }
      case "route": {
        const { data, attrs } = await this.#route(o);
        return (s) => s.newRoute(data, attrs, replace);
      }
      case "rule": {
        const { data, attrs } = ruleMessage(o);
        return (s) => s.newRule(data, attrs, { ...limit, flags: CREATE | EXCL });
      }
      default:
        return unreachable(o);
    }
  }

  async #removing(o: Exclude<RtObject, GroLimit>): Promise<(s: RtNetlinkSocket) => Promise<unknown>> {
    switch (o.kind) {
      case "veth-pair": {
        const index = await this.#indexOf(o.name);
        return (s) => s.delLink({ index }, {}, limit);
      }
      case "address": {
        const { address, length } = parseInterfaceAddress(o.address);
        const data = { family: AF_INET, prefixlen: length, index: await this.#indexOf(o.link) };
        return (s) => s.delAddress(data, { local: bytes(address) }, limit);
      }
      case "neighbour": {
        const data = { family: AF_INET, ifindex: await this.#indexOf(o.link) };
        return (s) => s.delNeighbor(data, { dst: bytes(parseIpv4(o.address)) }, limit);
      }
      case "route": {
        const { data, attrs } = await this.#route(o);
        return (s) => s.delRoute({ ...data, scope: "NOWHERE" }, attrs, limit);
      }
      case "rule": {
        const { data, attrs } = ruleMessage(o);
        return (s) => s.delRule(data, attrs, limit);
      }
      default:
        return unreachable(o);
    }
  }

  async #route(o: ObjectOf<"route">): Promise<{ data: rt.Route; attrs: rt.RouteAttrs }> {
    const { address, length } = parsePrefix(o.prefix);
    const mtu = Buffer.alloc(4);
    if (o.mtu !== undefined) mtu.writeUInt32LE(o.mtu);
    return {
      data: {
        family: AF_INET,
        dstLen: length,
        protocol: OWN_PROTOCOL as rt.RouteProtocol,
        type: "UNICAST",
        scope: o.via === undefined ? "LINK" : "UNIVERSE",
        ...(o.via === undefined ? {} : { flags: { __unknown: ONLINK } }),
      },
      attrs: {
        table: o.table,
        oif: await this.#indexOf(o.link),
        ...(length === 0 ? {} : { dst: bytes(address) }),
        ...(o.via === undefined ? {} : { gateway: bytes(parseIpv4(o.via)) }),
        ...(o.source === undefined ? {} : { prefsrc: bytes(parseIpv4(o.source)) }),
        ...(o.mtu === undefined ? {} : { metrics: { mtu } }),
      },
    };
  }

  /** Brings a pair that exists to what is wanted of it. Frames are merged (GRO) on `name` only when the peer does not segment. */
  async #settle(o: ObjectOf<"veth-pair">): Promise<void> {
    const [name, peer] = [await this.#indexOf(o.name), await this.#indexOf(o.peer)];
    const up = { up: true, noarp: true } as const;
    const address = Buffer.from(macBytes(parseMac(o.mac)));
    await this.#rt.change(`set ${o.name}`, (s) =>
      s.setLink({ index: name, flags: up, change: up }, { address, mtu: o.mtu }, limit),
    );
    await this.#rt.change(`set ${o.peer}`, (s) =>
      s.setLink({ index: peer, flags: up, change: up }, { mtu: o.mtu }, limit),
    );
    setFeature(o.peer, "tso", false);
    setFeature(o.name, "gro", true);
  }

  async #indexOf(name: string): Promise<number> {
    const links = await this.#rt.links();
    const index = links.find((l) => l.attrs.ifname === name)?.data.index;
    if (index === undefined) throw new PcgError("INTERFACE_MISSING", { name });
    return index;
  }
}

function ruleMessage(o: ObjectOf<"rule">): { data: rt.Rule; attrs: rt.RuleAttrs } {
  const from = o.from === undefined ? undefined : parsePrefix(o.from);
  return {
    data: { family: AF_INET, action: "toTbl", ...(from ? { srcLen: from.length } : {}) },
    attrs: {
      priority: o.priority,
      table: o.table,
      protocol: OWN_PROTOCOL,
      ...(from ? { src: bytes(from.address) } : {}),
      ...(o.link === undefined ? {} : { iifname: o.link }),
      ...(o.mark === undefined ? {} : { fwmark: o.mark, fwmask: 0xffff_ffff }),
    },
  };
}
