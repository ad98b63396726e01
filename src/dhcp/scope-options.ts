import type { DhcpOptions } from "../model/dhcp.ts";
import { parseIpv4 } from "../net/ipv4.ts";
import { parsePrefix } from "../net/prefix.ts";
import { dhcpOption, type OptionCode } from "../wire/dhcp-option-codes.ts";
import { fromHex } from "../wire/hex.ts";

type Named = Omit<DhcpOptions, "raw">;
type Encoded = readonly (readonly [code: number, data: Uint8Array])[];
type Row<T> = (value: T) => Encoded;

const one =
  <T, V>({ code, value }: OptionCode<T>, read: (written: V) => T): Row<V> =>
  (written) => [[code, value.encode(read(written))]];

/** An empty list asks for the option to be left out. */
const list =
  <T>({ code, value }: OptionCode<readonly T[]>, read: (item: string) => T): Row<readonly string[]> =>
  (items) =>
    items.length === 0 ? [] : [[code, value.encode(items.map(read))]];

const asItIs = <T>(value: T) => value;

/** How each configured option is sent. */
const rows: { readonly [K in keyof Named]-?: Row<NonNullable<Named[K]>> } = {
  router: list(dhcpOption.routers, parseIpv4),
  dns: list(dhcpOption.domainNameServers, parseIpv4),
  hostname: one(dhcpOption.hostName, asItIs),
  domain: one(dhcpOption.domainName, asItIs),
  mtu: one(dhcpOption.interfaceMtu, asItIs),
  broadcast: one(dhcpOption.broadcastAddress, parseIpv4),
  ntp: list(dhcpOption.ntpServers, parseIpv4),
  tftpServer: one(dhcpOption.tftpServerName, asItIs),
  bootFile: one(dhcpOption.bootFileName, asItIs),
  searchDomains: list(dhcpOption.domainSearch, asItIs),
  classlessRoutes(routes) {
    if (routes.length === 0) return [];
    const read = routes.map(({ prefix, via }) => ({ prefix: parsePrefix(prefix), via: parseIpv4(via) }));
    const data = dhcpOption.classlessRoutes.value.encode(read);
    return [dhcpOption.classlessRoutes, dhcpOption.classlessRoutesMicrosoft].map(({ code }) => [code, data]);
  },
  tftpAddresses: list(dhcpOption.tftpServerAddresses, parseIpv4),
};

export const namedOptions = Object.keys(rows) as (keyof Named)[];

/** What one configured field puts on the wire; nothing if it is not set. @throws NET_BAD_VALUE, WIRE_UNENCODABLE */
export function encodeField<K extends keyof Named>(options: DhcpOptions, field: K): Encoded {
  const value = options[field];
  const row: Row<never> = rows[field];
  return value === undefined ? [] : row(value as never);
}

/** Codes a field stands for, to find a raw code that says the same thing again. */
export const codesOf = (options: DhcpOptions, field: keyof Named): number[] =>
  encodeField(options, field).map(([code]) => code);

/**
 * Options as the server keeps them: ready to send, later ones replacing earlier ones of the same code. An empty list
 * takes out what a wider level or a default had put in.
 * @param first what stands before all of them
 */
export function encodeOptions(levels: readonly DhcpOptions[], first: Encoded = []): Map<number, Uint8Array> {
  const merged: DhcpOptions = Object.assign({}, ...levels);
  const complete = withDefaultRoute(merged);
  const encoded = new Map([...first, ...namedOptions.flatMap((field) => encodeField(complete, field))]);
  for (const { raw = [] } of levels) for (const { code, hex } of raw) encoded.set(code, fromHex(hex));
  return encoded;
}

const DEFAULT_ROUTE = "0.0.0.0/0";

/**
 * A client that knows option 121 does not look at option 3 (RFC 3442): the default route has to stand in 121 as well.
 * Who wants none says so with `router: []`.
 */
function withDefaultRoute(options: DhcpOptions): DhcpOptions {
  const { classlessRoutes = [], router: [via] = [] } = options;
  const isComplete = classlessRoutes.length === 0 || classlessRoutes.some(({ prefix }) => prefix === DEFAULT_ROUTE);
  if (isComplete || via === undefined) return options;
  return { ...options, classlessRoutes: [...classlessRoutes, { prefix: DEFAULT_ROUTE, via }] };
}
