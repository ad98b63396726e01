import type { DhcpOptions } from "../../../model/dhcp.ts";
import type { DhcpV4Options } from "../../policy/kinds/segment.ts";

type Values = readonly string[];
type Typed = Omit<DhcpOptions, "raw">;

const first = ([value = ""]: Values) => value;

/** The options that are known by more than their number. Values are read as the code wants them. */
const typed: Readonly<Record<number, (values: Values) => Typed>> = {
  3: (values) => ({ router: [...values] }),
  6: (values) => ({ dns: values.slice(0, 2) }),
  12: (values) => ({ hostname: first(values) }),
  15: (values) => ({ domain: first(values) }),
  26: (values) => (/^\d+$/.test(first(values)) ? { mtu: Number(first(values)) } : {}),
  28: (values) => ({ broadcast: first(values) }),
  42: (values) => ({ ntp: [...values] }),
  66: (values) => ({ tftpServer: first(values) }),
  67: (values) => ({ bootFile: first(values) }),
  119: (values) => ({ searchDomains: [...values] }),
  150: (values) => ({ tftpAddresses: [...values] }),
};

/** Codes the protocol itself fills in. */
const NOT_RAW = new Set([50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61, 82]);

/** Routes, as RFC 3442 and Windows number them. */
const ROUTES: readonly number[] = [121, 249];

const HEX = /^0x([0-9a-f]{2})*$/i;

const isRaw = (values: Values) => values.every((value) => HEX.test(value));

/**
 * Options as DHCP servers take them: codes with a meaning by name, any other, or in hex, by number.
 *
 * @param given what is said by name elsewhere, which counts more
 */
export function dhcpOptions(options: DhcpV4Options = {}, given: Typed = {}): DhcpOptions | undefined {
  const others = options.others ?? [];
  const byName = others.flatMap(({ code, values }) => (isRaw(values) ? [] : (typed[code]?.(values) ?? [])));
  const routes = options.option121?.static_routes.map(({ network, next_hop }) => ({ prefix: network, via: next_hop }));
  const named: Typed = Object.assign({}, ...byName, routes && { classlessRoutes: routes }, given);
  const hex = new Map(
    others.flatMap(({ code, values }) =>
      isRaw(values) && !NOT_RAW.has(code) && !isSaid(named, code)
        ? [[code, values.map((value) => value.slice(2)).join("")] as const]
        : [],
    ),
  );
  const raw = [...hex].map(([code, text]) => ({ code, hex: text }));
  const all: DhcpOptions = { ...named, ...(raw.length > 0 && { raw }) };
  return Object.keys(all).length > 0 ? all : undefined;
}

/** A code that is said by name must not be said again in hex. */
const isSaid = (named: Typed, code: number) =>
  ROUTES.includes(code)
    ? named.classlessRoutes !== undefined
    : Object.keys(typed[code]?.(["0"]) ?? {}).some((field) => field in named);
