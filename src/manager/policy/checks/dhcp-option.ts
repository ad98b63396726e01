import { canBeGiven } from "../dhcp-options.ts";
import type { DhcpV4Options } from "../kinds/segment.ts";
import type { Check } from "./check.ts";

/** What the protocol itself puts into its messages (RFC 2131, RFC 3046). */
const OF_THE_PROTOCOL: ReadonlySet<number> = new Set([50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61, 82]);

interface Found {
  readonly field: string;
  readonly value: unknown;
  readonly why: string;
}

/** DHCP options are not the protocol's own, and each is said once. */
export const dhcpOptions: Check = function* (scope) {
  for (const [path, { subnets, domain_name }] of scope.present("Segment")) {
    const config = subnets[0]?.dhcp_config;
    const fields = new Map([
      [6, config?.dns_servers && "subnets[0].dhcp_config.dns_servers"],
      [15, domain_name && "domain_name"],
    ]);
    const at = "subnets[0].dhcp_config.options";
    for (const found of optionFlaws(config?.options, at, fields)) yield { path, ...found };
  }
  for (const [path, { options, host_name, gateway_address }] of scope.present("DhcpV4StaticBindingConfig")) {
    const fields = new Map([
      [3, gateway_address && "gateway_address"],
      [12, host_name && "host_name"],
    ]);
    for (const found of optionFlaws(options, "options", fields)) yield { path, ...found };
  }
};

/** @param fields what has said an option by name, by its code */
function optionFlaws(
  options: DhcpV4Options | undefined,
  at: string,
  fields: ReadonlyMap<number, string | undefined>,
): Found[] {
  const said = new Map<number, string | undefined>([...fields, [121, options?.option121 && `${at}.option121`]]);
  return (options?.others ?? []).flatMap(({ code, values }, i): Found[] => {
    const field = `${at}.others[${i}]`;
    const earlier = said.get(code);
    said.set(code, field);
    if (OF_THE_PROTOCOL.has(code))
      return [{ field: `${field}.code`, value: code, why: "is the protocol's own; leave it out" }];
    if (earlier !== undefined)
      return [{ field: `${field}.code`, value: code, why: `says again what ${earlier} says; leave one out` }];
    const ill = values.flatMap((value, j) =>
      value.startsWith("0x") && !/^0x([0-9A-Fa-f]{2})+$/.test(value)
        ? [{ field: `${field}.values[${j}]`, value, why: "must be pairs of hex digits after 0x" }]
        : [],
    );
    if (ill.length > 0 || canBeGiven(code, values)) return ill;
    const why = `are no values of option ${code}; give what it wants (RFC 2132), or its bytes as 0x…`;
    return [{ field: `${field}.values`, value: values.join(", "), why }];
  });
}
