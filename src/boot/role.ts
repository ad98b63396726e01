import type { CloudInterface } from "../cloud/metadata.ts";
import { formatIpv4, type Ipv4 } from "../net/ipv4.ts";
import type { Mac } from "../net/mac.ts";
import { formatPrefix, overlaps } from "../net/prefix.ts";
import type { Problem } from "./problem.ts";

/** What an interface is for, by the device number with which it is attached. */
export const roles = [
  { role: "management", deviceNumber: 0 },
  { role: "uplink", deviceNumber: 1 },
  { role: "downlink", deviceNumber: 2 },
] as const;
export type Role = (typeof roles)[number]["role"];

/** A network interface as the kernel has it. */
export interface Nic {
  readonly name: string;
  readonly mac: Mac;
  readonly up: boolean;
  readonly mtu: number;
  /** Such as `10.99.2.10/24`. */
  readonly addresses: readonly string[];
}

/** An interface that has all it takes for its role. */
export interface Assigned extends CloudInterface {
  readonly role: Role;
  readonly address: Ipv4;
  /** In the kernel. */
  readonly name: string;
}

export interface Assignment {
  readonly assigned: readonly Assigned[];
  readonly problems: readonly Problem[];
}

/** Who is what. Neither names nor the order in which interfaces came matter. */
export function assignRoles(interfaces: readonly CloudInterface[], nics: readonly Nic[]): Assignment {
  const found = roles.map((row) => assign(row, interfaces, nics));
  const assigned = found.flatMap((one) => ("problem" in one ? [] : [one]));
  const problems = found.flatMap((one) => ("problem" in one ? [one.problem] : []));
  return { assigned, problems: [...problems, ...shared(assigned), ...overlapping(assigned)] };
}

function assign(
  { role, deviceNumber }: (typeof roles)[number],
  interfaces: readonly CloudInterface[],
  nics: readonly Nic[],
): Assigned | { readonly problem: Problem } {
  const [it, ...others] = interfaces.filter((i) => i.deviceNumber === deviceNumber);
  if (!it) return { problem: missing(role, deviceNumber) };
  if (others.length > 0) return { problem: ambiguous(role, deviceNumber, [it, ...others]) };
  const [address] = it.addresses;
  if (address === undefined) return { problem: withoutAddress(role, it) };
  const nic = nics.find(({ mac }) => mac === it.mac);
  return nic ? { ...it, role, address, name: nic.name } : { problem: notInKernel(role, it, nics) };
}

const missing = (role: Role, deviceNumber: number): Problem => ({
  code: "BOOT_ENI_MISSING",
  what: `the ${role} interface is missing: no ENI is attached with device number ${deviceNumber}`,
  remedy: `attach one with device index ${deviceNumber}; it is taken as soon as it is there`,
});

const ambiguous = (role: Role, deviceNumber: number, all: readonly CloudInterface[]): Problem => ({
  code: "BOOT_ENI_AMBIGUOUS",
  what: `the ${role} interface is not clear: device number ${deviceNumber} is that of ${all.map(named).join(" and ")}`,
  remedy: "detach all of them but one",
});

const withoutAddress = (role: Role, it: CloudInterface): Problem => ({
  code: "BOOT_ENI_NO_ADDRESS",
  what: `the ${role} interface ${named(it)} has no IPv4 address`,
  remedy: "give it a private IPv4 address of its subnet",
});

const notInKernel = (role: Role, it: CloudInterface, nics: readonly Nic[]): Problem => ({
  code: "BOOT_NIC_MISSING",
  what: `the ${role} interface ${named(it)} is attached, but the kernel has only ${nics.map((n) => `${n.name} (${n.mac})`).join(", ") || "none"}`,
  remedy: "nothing, for a minute; if it stays so, detach and attach it, or stop and start the instance",
});

const named = ({ id, mac }: CloudInterface) => `${id} (${mac})`;

/** Metadata that give one MAC two device numbers. */
const shared = (assigned: readonly Assigned[]): Problem[] =>
  assigned.flatMap((a, i) =>
    assigned
      .slice(i + 1)
      .filter(({ name }) => name === a.name)
      .map((b) => ({
        code: "BOOT_ENI_AMBIGUOUS",
        what: `${a.role} and ${b.role} are one interface, ${a.name} (${a.mac})`,
        remedy: "attach an ENI for each of the three roles",
      })),
  );

/** The kernel sends to a subnet by one interface: of two that overlap, one would be deaf. */
function overlapping(assigned: readonly Assigned[]): Problem[] {
  return assigned.flatMap((a, i) =>
    assigned.slice(i + 1).flatMap((b): Problem[] =>
      overlaps(a.subnet, b.subnet)
        ? [
            {
              code: "BOOT_SUBNETS_OVERLAP",
              what: `${a.role} (${formatIpv4(a.address)}) is in subnet ${formatPrefix(a.subnet)} and ${b.role} (${formatIpv4(b.address)}) in ${formatPrefix(b.subnet)}: they overlap`,
              remedy: "put each of the three interfaces into a subnet of its own",
            },
          ]
        : [],
    ),
  );
}
