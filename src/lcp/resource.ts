import { hash } from "node:crypto";
import type { Brand } from "../base/brand.ts";
import type { Position } from "./position.ts";

/**
 * Kinds of runtime state and, in the other direction, of what a gateway reports. None before what it refers to: they
 * are added in this order and removed in the reverse. `gateway` is of both, and speaks of all the rest.
 */
export const resourceTypes = [
  "certificate",
  "tep",
  "segment",
  "dhcp",
  "binding",
  "port",
  "route",
  "underlay",
  "eip",
  "group",
  "member",
  "rule",
  "nat",
  "problem",
  "agent",
  "lease",
  "gateway",
  "policy",
  "guard",
] as const;
export type ResourceType = (typeof resourceTypes)[number];

/** `type/key`. */
export type ResourceId = Brand<string, "ResourceId">;
export const ResourceId = (type: ResourceType, key: string): ResourceId => `${type}/${key}` as ResourceId;

/** One piece of state, or of a report. Never changed in place: a newer one takes its place. */
export interface Resource {
  readonly type: ResourceType;
  readonly key: string;
  /** Where the source was when it last changed. One resource never has two bodies at the same. */
  readonly version: Position;
  readonly body: unknown;
}

export const idOf = ({ type, key }: Pick<Resource, "type" | "key">): ResourceId => ResourceId(type, key);

const rank: Readonly<Record<string, number>> = Object.fromEntries(resourceTypes.map((type, n) => [type, n]));

const rankOf = (id: ResourceId) => rank[id.slice(0, id.indexOf("/"))] ?? -1;

/** What others refer to first; of one kind, by key. */
export const inOrder = (a: ResourceId, b: ResourceId): number => rankOf(a) - rankOf(b) || (a < b ? -1 : Number(a > b));

const texts = new WeakMap<Resource, string>();

/** As it goes over the wire: written once, however many it is sent to. */
export function textOf(resource: Resource): string {
  const known = texts.get(resource);
  if (known !== undefined) return known;
  const text = JSON.stringify(resource);
  texts.set(resource, text);
  return text;
}

/** Two numbers of 32 bits that tell one version of a resource from any other, and one that tells its id. */
export interface Fingerprint {
  readonly place: number;
  readonly low: number;
  readonly high: number;
}

/** Names may be chosen by tenants: nobody must be able to find two that cancel out. */
export function fingerprintOf(id: ResourceId, version: Position): Fingerprint {
  const place = hash("sha256", id, "buffer").readUInt32LE(0);
  const content = hash("sha256", `${id}@${version}`, "buffer");
  return { place, low: content.readUInt32LE(0), high: content.readUInt32LE(4) };
}
