import Type from "typebox";
import Format from "typebox/format";
import { unprintableIn } from "../base/printable.ts";
import { readIpv4 } from "../net/ipv4.ts";
import { readMac } from "../net/mac.ts";
import { readPortRange } from "../net/port-range.ts";
import { readInterfaceAddress, readPrefix } from "../net/prefix.ts";

/** The written forms a schema may ask for. One row: its name, who may read it, what it is, an example. */
const forms = {
  "ipv4-address": { is: (s: string) => readIpv4(s) !== undefined, wanted: "an IPv4 address", example: "192.168.100.3" },
  "ipv4-prefix": {
    is: (s: string) => readPrefix(s) !== undefined,
    wanted: "a network in CIDR form without host bits",
    example: "192.168.100.0/24",
  },
  "ipv4-interface": {
    is: (s: string) => readInterfaceAddress(s) !== undefined,
    wanted: "an address with prefix length",
    example: "192.168.100.1/24",
  },
  "mac-address": { is: (s: string) => readMac(s) !== undefined, wanted: "a MAC address", example: "02:00:00:00:03:0a" },
  /** One that is safe to show on a console, in a log, on a page. */
  "printable-text": {
    is: (s: string) => unprintableIn(s) === undefined,
    wanted: "one line of text without control, format or bidirectional characters",
    example: "web",
  },
  "printable-lines": {
    is: (s: string) => unprintableIn(s.replaceAll("\n", "")) === undefined,
    wanted: "text without control, format or bidirectional characters, but for line feeds",
    example: "web servers",
  },
  "port-range": {
    is: (s: string) => readPortRange(s) !== undefined,
    wanted: "a port or a range of ports in quotation marks",
    example: "8000-8099",
  },
} as const;

/** What a text of a format must be, with an example; undefined: the format is not one of ours. */
export function wantedOf(format: string): string | undefined {
  const form = Object.hasOwn(forms, format) ? forms[format as keyof typeof forms] : undefined;
  return form && `${form.wanted}, such as ${JSON.stringify(form.example)}`;
}

for (const [name, { is }] of Object.entries(forms)) Format.Set(name, is);

const text = (format: keyof typeof forms) => (description: string) =>
  Type.String({ format, description, examples: [forms[format].example] });

export const address = text("ipv4-address");
/** A network in CIDR form without host bits; a bare address means /32. */
export const prefix = text("ipv4-prefix");
export const interfaceAddress = text("ipv4-interface");
export const mac = text("mac-address");
export const ports = text("port-range");

/** A name that may stand in file names, counters and logs. */
export const id = (description: string) =>
  Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", description, examples: ["web"] });

/** An object with exactly these fields. */
export const closed = <P extends Type.TProperties>(properties: P, description = "") =>
  Type.Object(properties, { additionalProperties: false, description });

/** What differs between the two units of a pair, by unit name. */
export const perUnit = <S extends Type.TSchema>(schema: S, description: string) =>
  Type.Record(Type.String({ pattern: "^[a-z][a-z0-9-]{0,15}$" }), schema, {
    description,
    additionalProperties: false,
  });
