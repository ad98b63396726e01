import type { KeyRange } from "./etcd-keys.ts";

/**
 * What is said to etcd v3 and back, as its JSON gateway has it: keys and values in base64, 64-bit numbers as strings, what
 * is empty or zero left out. Source: etcd's api/etcdserverpb/rpc.proto.
 */
export const toBase64 = (bytes: string | Uint8Array): string =>
  (typeof bytes === "string"
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  ).toString("base64");

export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly modRevision: number;
  /** Of the etcd lease it ends with; "0": of none. */
  readonly lease: string;
}

/** As received. */
export interface RawKeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision?: string;
  readonly lease?: string;
}

export const keyValueOf = ({ key, value = "", mod_revision = "0", lease = "0" }: RawKeyValue): KeyValue => ({
  key: Buffer.from(key, "base64").toString(),
  value: Buffer.from(value, "base64"),
  modRevision: Number(mod_revision),
  lease,
});

export interface RangeRequest {
  readonly key: string | KeyRange;
  /** 0: all. */
  readonly limit?: number;
  /** As it was then; 0: now. */
  readonly revision?: number;
  /** Only the last one, and that without its value. */
  readonly lastKey?: boolean;
}

export const rangeMessage = ({ key, limit = 0, revision = 0, lastKey = false }: RangeRequest) => ({
  ...keyFields(key),
  limit: String(lastKey ? 1 : limit),
  revision: String(revision),
  ...(lastKey ? { keys_only: true, sort_order: "DESCEND", sort_target: "KEY" } : {}),
});

export const keyFields = (key: string | KeyRange) =>
  typeof key === "string" ? { key: toBase64(key) } : { key: toBase64(key.from), range_end: toBase64(key.to) };

export const range = (request: RangeRequest) => ({ request_range: rangeMessage(request) });
export const remove = (key: string | KeyRange) => ({ request_delete_range: keyFields(key) });
export const put = (key: string, value: string | Uint8Array, lease = "0") => ({
  request_put: { key: toBase64(key), value: toBase64(value), lease },
});

export const isThere = (key: string) => ({ ...created(key), result: "NOT_EQUAL" });
export const isAbsent = (key: string) => ({ ...created(key), result: "EQUAL" });
const created = (key: string) => ({ key: toBase64(key), target: "CREATE", create_revision: "0" });
/** @param revision 0: it is not there */
export const isUnchanged = (key: string, revision: number) => ({
  ...{ key: toBase64(key), target: "MOD", result: "EQUAL" },
  mod_revision: String(revision),
});

export interface Transaction {
  readonly compare: readonly (ReturnType<typeof isThere> | ReturnType<typeof isUnchanged>)[];
  readonly success: readonly (ReturnType<typeof range> | ReturnType<typeof put> | ReturnType<typeof remove>)[];
  /** What to read where the comparison fails. */
  readonly failure?: readonly ReturnType<typeof range>[];
}

/** As received. */
export interface RawRange {
  readonly header?: { readonly revision?: string };
  readonly kvs?: readonly RawKeyValue[];
}

/** As received. */
export interface RawTransaction {
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: RawRange }[];
}

/** As received, one a line. */
export interface RawWatch {
  readonly result?: {
    readonly created?: boolean;
    readonly canceled?: boolean;
    readonly cancel_reason?: string;
    readonly events?: readonly { readonly type?: string; readonly kv?: RawKeyValue }[];
  };
  readonly error?: { readonly message?: string };
}
