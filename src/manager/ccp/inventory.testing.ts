import { formatIpv4, Ipv4 } from "../../net/ipv4.ts";
import { DocumentTable } from "../state/document-table.ts";
import { stored } from "./policy.testing.ts";

const DOMAIN = "/infra/domains/default";
const T0 = "/infra/tier-0s/t0";
const VMS_OF_SEGMENT = 250;
const RULES_OF_POLICY = 10;

/** A VM of many, as one application's. */
export const machine = (n: number, application: number): readonly [path: string, object] => {
  const path = `/infra/virtual-machines/vm-${n}`;
  const tags = [
    { scope: "app", tag: `${application}` },
    { scope: "environment", tag: n % 2 === 0 ? "production" : "test" },
  ];
  return [path, stored(path, { tep_address: formatIpv4(Ipv4(0x0a63_0000 + n)), tags })];
};

/** Very many VMs, each with an interface, in very many groups by tag, each named by a rule for these. */
export function inventory({ endpoints, groups }: { endpoints: number; groups: number }): DocumentTable {
  const found: (readonly [string, object])[] = [];
  const put = (path: string, body: object) => found.push([path, stored(path, body)]);
  put(T0, {});
  for (let s = 0; s * VMS_OF_SEGMENT < endpoints; s++)
    put(`/infra/segments/s${s}`, {
      connectivity_path: T0,
      overlay_id: s + 1,
      subnets: [{ gateway_address: `${formatIpv4(Ipv4(0x6440_0001 + s * 256))}/24` }],
    });
  for (let n = 0; n < endpoints; n++) {
    found.push(machine(n, n % groups));
    const segment = Math.floor(n / VMS_OF_SEGMENT);
    const ip = formatIpv4(Ipv4(0x6440_0002 + segment * 256 + (n % VMS_OF_SEGMENT)));
    const mac = `02:00:${n
      .toString(16)
      .padStart(8, "0")
      .replace(/(..)(?=.)/g, "$1:")}`;
    put(`/infra/segments/s${segment}/ports/p${n}`, {
      attachment: { id: `vm-${n}` },
      address_bindings: [{ mac_address: mac, ip_address: ip }],
    });
  }
  for (let g = 0; g < groups; g++) putGroup(put, g);
  return new DocumentTable(found);
}

function putGroup(put: (path: string, body: object) => void, g: number): void {
  const group = `${DOMAIN}/groups/g${g}`;
  const policy = `${DOMAIN}/security-policies/p${Math.floor(g / RULES_OF_POLICY)}`;
  const condition = { resource_type: "Condition", member_type: "VirtualMachine", key: "Tag" };
  put(group, { expression: [{ ...condition, operator: "EQUALS", value: `app|${g}` }] });
  if (g % RULES_OF_POLICY === 0) put(policy, { scope: [group] });
  put(`${policy}/rules/r${g}`, { action: "ALLOW", source_groups: [group], destination_groups: [group] });
}
