import { type Position, START } from "./position.ts";
import { type Fingerprint, fingerprintOf, idOf, type Resource, type ResourceId } from "./resource.ts";

/**
 * What a table holds, in so few bytes that both ends of a session can compare it: ids are spread over buckets, and of
 * each bucket there is the exclusive or of what tells its resources' versions. Equal digests mean equal tables; where
 * they differ, only the buckets that do need be sent.
 */
export type Digest = Uint32Array;

/** Resources of a bucket, about. */
const PER_BUCKET = 16;
const LEAST = 64;
const MOST_BUCKETS = 16_384;

/** A power of two. */
export const bucketsFor = (resources: number): number =>
  Math.min(MOST_BUCKETS, Math.max(LEAST, 2 ** Math.ceil(Math.log2(Math.max(1, resources / PER_BUCKET)))));

const known = new WeakMap<Resource, Fingerprint>();

function fingerprint(resource: Resource): Fingerprint {
  const found = known.get(resource) ?? fingerprintOf(idOf(resource), resource.version);
  known.set(resource, found);
  return found;
}

export const bucketOf = (resource: Resource, buckets: number): number => fingerprint(resource).place % buckets;

export const bucketOfId = (id: ResourceId, buckets: number): number => fingerprintOf(id, START).place % buckets;

/** @param seen ids of which a version was seen that is not held, and that version */
export function digestOf(
  resources: Iterable<Resource>,
  buckets: number,
  seen: ReadonlyMap<ResourceId, Position> = new Map(),
): Digest {
  const digest = new Uint32Array(2 * buckets);
  const mix = ({ place, low, high }: Fingerprint) => {
    const at = 2 * (place % buckets);
    digest[at] = (digest[at] ?? 0) ^ low;
    digest[at + 1] = (digest[at + 1] ?? 0) ^ high;
  };
  for (const resource of resources) if (!seen.has(idOf(resource))) mix(fingerprint(resource));
  for (const [id, version] of seen) mix(fingerprintOf(id, version));
  return digest;
}

/** The buckets that are not the same in both. Of different sizes, all are. */
export function differing(a: Digest, b: Digest): number[] {
  const buckets = Array.from({ length: a.length / 2 }, (_, n) => n);
  if (a.length !== b.length) return buckets;
  return buckets.filter((n) => a[2 * n] !== b[2 * n] || a[2 * n + 1] !== b[2 * n + 1]);
}

export const encodeDigest = (digest: Digest): string =>
  Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("base64");

/** Undefined where it is none: not a power of two of buckets, or too many. */
export function decodeDigest(text: string): Digest | undefined {
  const bytes = Buffer.from(text, "base64");
  const buckets = bytes.length / 8;
  const isSize = Number.isInteger(Math.log2(buckets)) && buckets >= LEAST && buckets <= MOST_BUCKETS;
  return isSize ? new Uint32Array(Uint8Array.from(bytes).buffer) : undefined;
}
