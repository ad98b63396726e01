import { PcgError } from "../../base/error.ts";
import type { Identity } from "../../lcp/identity.ts";
import type { Change, Documents } from "../state/documents.ts";
import type { Certificate } from "./authority.ts";
import { tokensOf } from "./tokens.ts";

/** How long the certificate before is good beside a new one that was not used yet, and after it was. */
const OVERLAP_MS = { unused: 600_000, used: 30_000 } as const;

/** What managers know of a node beside its policy. Times are milliseconds since 1970. */
export interface NodeRecord {
  /** By which it may come, the newest first. */
  readonly certificates: readonly AllowedCertificate[];
  /** The EC2 instance it is. */
  readonly instance?: string;
  /** Instances that were this node before, the last one first. */
  readonly replaced?: readonly string[];
  readonly enrolledAt: number;
  /** What proved who it is, and from where. */
  readonly enrolledBy: string;
  readonly revoked?: { readonly at: number; readonly by: string };
}

interface AllowedCertificate {
  readonly serial: string;
  readonly notAfter: number;
  /** It has a successor, and is good until then. */
  readonly until?: number;
  /** The node has come with it, after another. */
  readonly seen?: true;
}

const NODES = "/nodes/";
export const nodeKey = ({ role, id }: Identity): string => `${NODES}${role}/${id}`;

export const nodeIn = (documents: Documents, identity: Identity): NodeRecord | undefined =>
  documents.get(nodeKey(identity)) as NodeRecord | undefined;

/** Only certificates on the list are good, whatever else speaks for them. */
export function isAllowed(documents: Documents, identity: Identity, serial: string, wallMs: number): boolean {
  const allowed = nodeIn(documents, identity)?.certificates.find((one) => one.serial === serial.toLowerCase());
  return allowed !== undefined && (allowed.until ?? Number.POSITIVE_INFINITY) > wallMs;
}

/**
 * Whether a node may have the next certificate for this one: also when it has a successor, as long as nobody came with
 * that. It may be that the answer was lost, and that nobody could be asked for hours.
 */
export function isRenewable(documents: Documents, identity: Identity, serial: string, wallMs: number): boolean {
  const certificates = nodeIn(documents, identity)?.certificates ?? [];
  const isListed = certificates.some((one) => one.serial === serial.toLowerCase());
  return isListed && (isAllowed(documents, identity, serial, wallMs) || !certificates[0]?.seen);
}

const allowed = ({ serial, notAfter }: Certificate): AllowedCertificate => ({ serial, notAfter });

export interface Enrolled {
  readonly certificate: Certificate;
  readonly instance?: string;
  readonly by: string;
}

/** More are not remembered. */
const MOST_REPLACED = 64;

/** A node that proved who it is. Certificates it had before are no longer good. @param before what was known of it */
export function newNode({ certificate, instance, by }: Enrolled, wallMs: number, before?: NodeRecord): NodeRecord {
  const replaced = instancesOf(before)
    .filter((one) => one !== instance)
    .slice(0, MOST_REPLACED);
  return {
    certificates: [allowed(certificate)],
    ...(instance === undefined ? {} : { instance }),
    ...(replaced.length > 0 && { replaced }),
    enrolledAt: wallMs,
    enrolledBy: by,
  };
}

/** The instances that ever were this node, the present one first. */
export const instancesOf = (node: NodeRecord | undefined): string[] => [
  ...(node?.instance === undefined ? [] : [node.instance]),
  ...(node?.replaced ?? []),
];

/** The next certificate of a node that came with one of its own. @throws MANAGER_DENIED when that is not good */
export const renewed =
  (identity: Identity, serial: string, next: Certificate, wallMs: number): Change =>
  (documents) => {
    const node = nodeIn(documents, identity);
    const before = node?.certificates.find((one) => one.serial === serial);
    if (!node || !before || !isRenewable(documents, identity, serial, wallMs)) throw notAllowed(identity);
    // Who asks again gets no more time by that.
    const until = Math.min(before.until ?? Number.POSITIVE_INFINITY, wallMs + OVERLAP_MS.unused);
    const certificates = [allowed(next), { ...before, until }];
    return new Map([[nodeKey(identity), { ...node, certificates } satisfies NodeRecord]]);
  };

export const notAllowed = (identity: Identity) =>
  new PcgError("MANAGER_DENIED", {
    ...{ field: "certificate", value: nodeKey(identity) },
    why: "was revoked, or has a successor",
  });

/** Whether a node shows its newest certificate for the first time, beside older ones. */
export function isNew(documents: Documents, identity: Identity, serial: string): boolean {
  const [newest, ...older] = nodeIn(documents, identity)?.certificates ?? [];
  return newest?.serial === serial.toLowerCase() && !newest.seen && older.length > 0;
}

/** A node's newest certificate works: those before it are good for its other connections to follow, and no longer. */
export const proven =
  (identity: Identity, serial: string, wallMs: number): Change =>
  (documents) => {
    const node = nodeIn(documents, identity);
    if (!node || !isNew(documents, identity, serial)) return new Map();
    const end = wallMs + OVERLAP_MS.used;
    const certificates = node.certificates.map((one, n) =>
      n === 0 ? { ...one, seen: true as const } : { ...one, until: Math.min(one.until ?? end, end) },
    );
    return new Map([[nodeKey(identity), { ...node, certificates } satisfies NodeRecord]]);
  };

/** No certificate of the node is good any more, nor a token that was made for it. @throws MANAGER_NOT_FOUND */
export const revoked =
  (identity: Identity, by: string, wallMs: number): Change =>
  (documents) => {
    const node = nodeIn(documents, identity);
    if (!node) throw new PcgError("MANAGER_NOT_FOUND", { path: nodeKey(identity) });
    const record: NodeRecord = { ...node, certificates: [], revoked: { at: wallMs, by } };
    const tokens = tokensOf(documents, identity).map((key) => [key, undefined] as const);
    return new Map<string, unknown>([[nodeKey(identity), record], ...tokens]);
  };

/** The node may prove anew who it is: as if it had never been here. @throws MANAGER_NOT_FOUND */
export const forgotten =
  (identity: Identity): Change =>
  (documents) => {
    if (!nodeIn(documents, identity)) throw new PcgError("MANAGER_NOT_FOUND", { path: nodeKey(identity) });
    return new Map([[nodeKey(identity), undefined]]);
  };
