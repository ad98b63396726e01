import { formatIpv4 } from "../net/ipv4.ts";
import { firstHostOf, parseInterfaceAddress } from "../net/prefix.ts";
import { type CheckRow, failed, notYet, ok, type SelftestFacts, type Tested } from "./check.ts";
import { WANTED_MTU } from "./network-file.ts";
import { type Nic, roles } from "./role.ts";

const NETWORKD = "see networkctl status and journalctl -u systemd-networkd";

/** The three interfaces, from being there to reaching the first router. */
export const interfaceChecks: readonly CheckRow[] = [
  {
    name: "interfaces",
    isLocal: true,
    look: ({ interfaces }) => {
      const missing = roles.filter(({ role }) => !interfaces.some((it) => it.role === role)).map(({ role }) => role);
      if (missing.length > 0) return notYet(`no interface is found for ${missing.join(", ")}`, "see the problems");
      return ok(interfaces.map(({ role, name }) => `${role} is ${name}`).join(", "));
    },
  },
  {
    name: "links",
    isLocal: true,
    look: withInterfaces((facts) => {
      const down = pairs(facts).filter(({ nic }) => !nic.up);
      if (down.length > 0) return notYet(`${named(down)} down`, NETWORKD);
      return ok("all are up");
    }),
  },
  {
    name: "addresses",
    isLocal: true,
    look: withInterfaces((facts) => {
      const without = pairs(facts).filter(({ it, nic }) => !nic.addresses.includes(it.address));
      const list = without.map(({ it }) => `${it.name} does not have ${it.address}`).join(", ");
      if (without.length > 0) return notYet(list, NETWORKD);
      return ok(facts.interfaces.map((it) => `${it.name} has ${it.address}`).join(", "));
    }),
  },
  {
    name: "mtu",
    isLocal: true,
    look: withInterfaces((facts) => {
      const small = pairs(facts).filter(({ nic }) => nic.mtu < WANTED_MTU);
      const list = small.map(({ it, nic }) => `${it.name} carries ${nic.mtu} bytes`).join(", ");
      if (small.length > 0)
        return notYet(`${list}, not ${WANTED_MTU}`, `${NETWORKD}; the NIC's driver may allow no more`);
      return ok(`all carry ${WANTED_MTU} bytes`);
    }),
  },
  {
    name: "routers",
    isLocal: true,
    look: withInterfaces(({ interfaces, neighbours }) => {
      const silent = interfaces.filter((it) => !neighbours.includes(routerOf(it)));
      const list = silent.map((it) => `${routerOf(it)} on ${it.name}`).join(", ");
      if (silent.length > 0)
        return failed(`no answer to ARP from ${list}`, "see that each ENI is in the subnet the metadata says it is");
      return ok(`${interfaces.map(routerOf).join(", ")} answer ARP`);
    }),
  },
];

function withInterfaces(look: CheckRow["look"]): CheckRow["look"] {
  return (facts) => (facts.interfaces.length > 0 ? look(facts) : notYet("there is no interface", "see the problems"));
}

/** The VPC router of an interface's subnet. */
export const routerOf = ({ address }: Pick<Tested, "address">): string =>
  formatIpv4(firstHostOf(parseInterfaceAddress(address)));

const pairs = ({ interfaces, nics }: SelftestFacts): { it: Tested; nic: Nic }[] =>
  interfaces.flatMap((it) => nics.filter(({ mac }) => mac === it.mac).map((nic) => ({ it, nic })));

const named = (all: readonly { it: Tested }[]) =>
  `${all.map(({ it }) => `${it.name} (${it.role})`).join(", ")} ${all.length === 1 ? "is" : "are"}`;
