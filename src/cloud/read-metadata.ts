import { PcgError } from "../base/error.ts";
import { type Ipv4, readIpv4 } from "../net/ipv4.ts";
import { type Mac, readMac } from "../net/mac.ts";
import { type Prefix, readPrefix } from "../net/prefix.ts";
import type { CloudInterface, Metadata } from "./metadata.ts";

/** The metadata service. A path is relative to `/latest/`. */
export interface MetadataService {
  /** Undefined: there is no such thing. @throws CLOUD_METADATA_UNREACHABLE, CLOUD_METADATA_REFUSED */
  get(path: string): Promise<Uint8Array | undefined>;
}

/** As many as a list of ours may be long: more is no metadata service. */
const MOST = 64;

/**
 * All of it, as much at once as the service lets: one that takes seconds for each answer must not take minutes for all.
 *
 * @throws CLOUD_METADATA_INCOMPLETE, CLOUD_METADATA_BAD, and what the service throws
 */
export async function readMetadata(service: MetadataService): Promise<Metadata> {
  const ask = new Asking(service);
  const [instanceId, instanceType, zone, interfaces, keys, userData] = await Promise.all([
    ask.text(INSTANCE_ID),
    ask.text("meta-data/instance-type"),
    ask.text("meta-data/placement/availability-zone"),
    readInterfaces(ask),
    readKeys(ask),
    service.get("user-data"),
  ]);
  value(INSTANCE_ID, instanceId, readId, "instance id");
  return { instanceId, instanceType, zone, interfaces, keys, userData: userData?.length ? userData : undefined };
}

const INSTANCE_ID = "meta-data/instance-id";
/** It may become part of a file's name. */
const readId = (text: string): string | undefined => (/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(text) ? text : undefined);

const MACS = "meta-data/network/interfaces/macs/";

async function readInterfaces(ask: Asking): Promise<CloudInterface[]> {
  const macs = await ask.list(MACS);
  if (macs.length === 0) throw incomplete(MACS);
  const read = await Promise.all(macs.map((entry) => readInterface(ask, entry.replace(/\/$/, ""))));
  return read.toSorted((a, b) => a.deviceNumber - b.deviceNumber);
}

async function readInterface(ask: Asking, entry: string): Promise<CloudInterface> {
  const of = (name: string) => `${MACS}${entry}/${name}`;
  const [deviceNumber, id, addresses, subnet, vpc] = await Promise.all([
    ask.text(of("device-number")),
    ask.text(of("interface-id")),
    ask.list(of("local-ipv4s")),
    ask.text(of("subnet-ipv4-cidr-block")),
    ask.list(of("vpc-ipv4-cidr-blocks")),
  ]);
  if (vpc.length === 0) throw incomplete(of("vpc-ipv4-cidr-blocks"));
  return {
    mac: value<Mac>(MACS, entry, readMac, "MAC address"),
    deviceNumber: value(of("device-number"), deviceNumber, readNumber, "number"),
    id,
    addresses: addresses.map((text) => value<Ipv4>(of("local-ipv4s"), text, readIpv4, "IPv4 address")),
    subnet: value<Prefix>(of("subnet-ipv4-cidr-block"), subnet, readPrefix, "IPv4 prefix"),
    vpc: vpc.map((text) => value<Prefix>(of("vpc-ipv4-cidr-blocks"), text, readPrefix, "IPv4 prefix")),
  };
}

const KEYS = "meta-data/public-keys/";

/** The list is of `0=name`; none where the instance was launched without a key. */
async function readKeys(ask: Asking): Promise<string[]> {
  const entries = await ask.list(KEYS);
  const numbers = entries.map((entry) => value(KEYS, entry.split("=", 1).join(""), readNumber, "number"));
  const keys = await Promise.all(numbers.map((number) => ask.list(`${KEYS}${number}/openssh-key`)));
  return keys.flat();
}

class Asking {
  readonly #service: MetadataService;

  constructor(service: MetadataService) {
    this.#service = service;
  }

  /** One line. @throws CLOUD_METADATA_INCOMPLETE when there is nothing */
  async text(path: string): Promise<string> {
    const [line, ...more] = await this.list(path);
    if (line === undefined) throw incomplete(path);
    if (more.length > 0) throw bad(path, "one line", `${more.length + 1} lines`);
    return line;
  }

  /** Lines that say something; none where there is no such thing. */
  async list(path: string): Promise<string[]> {
    const bytes = await this.#service.get(path);
    const lines = Buffer.from(bytes ?? [])
      .toString("utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    if (lines.length > MOST) throw bad(path, `${MOST} lines at most`, `${lines.length} lines`);
    const strange = lines.find((line) => !/^[\x20-\x7e]{1,4096}$/.test(line));
    if (strange !== undefined) throw bad(path, "printable text", strange.slice(0, 40));
    return lines;
  }
}

const readNumber = (text: string): number | undefined => (/^\d{1,3}$/.test(text) ? Number(text) : undefined);

function value<T>(path: string, text: string, read: (text: string) => T | undefined, expected: string): T {
  const found = read(text);
  if (found === undefined) throw bad(path, expected, text.slice(0, 80));
  return found;
}

const incomplete = (path: string) => new PcgError("CLOUD_METADATA_INCOMPLETE", { path });
const bad = (path: string, expected: string, found: string) =>
  new PcgError("CLOUD_METADATA_BAD", { path, expected, found });
