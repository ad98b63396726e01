import { Compile } from "typebox/compile";
import { encodeField, namedOptions } from "../../dhcp/scope-options.ts";
import { DhcpOptions } from "../../model/dhcp.ts";
import type { DhcpV4Options } from "./kinds/segment.ts";

type Values = readonly string[];
type Typed = Omit<DhcpOptions, "raw">;

/** What is one value is not two. */
const one =
  (read: (value: string) => Typed | undefined) =>
  ([value, ...more]: Values): Typed | undefined =>
    value === undefined || more.length > 0 ? undefined : read(value);

/** The options that are known by more than their number. Values are read as the code wants them. */
const typed: Readonly<Record<number, (values: Values) => Typed | undefined>> = {
  3: (values) => ({ router: [...values] }),
  6: (values) => ({ dns: [...values] }),
  12: one((hostname) => ({ hostname })),
  15: one((domain) => ({ domain })),
  26: one((text) => (/^\d+$/.test(text) ? { mtu: Number(text) } : undefined)),
  28: one((broadcast) => ({ broadcast })),
  42: (values) => ({ ntp: [...values] }),
  66: one((tftpServer) => ({ tftpServer })),
  67: one((bootFile) => ({ bootFile })),
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
 * Options as DHCP servers take them: codes with a meaning by name, any other, or in hex, by number. What cannot be read
 * is left out.
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

const schema = Compile(DhcpOptions);

/** Whether a code can be given with these values. */
export function canBeGiven(code: number, values: Values): boolean {
  const options = dhcpOptions({ others: [{ code, values: [...values] }] });
  return options !== undefined && schema.Check(options) && namedOptions.every((field) => canBeSent(options, field));
}

function canBeSent(options: DhcpOptions, field: (typeof namedOptions)[number]): boolean {
  try {
    encodeField(options, field);
    return true;
  } catch {
    return false;
  }
}
