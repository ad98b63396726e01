import { PcgError } from "../../base/error.ts";
import type { KeyValue } from "./etcd-messages.ts";

/** What an entry's key holds: its text, or in how many pieces that lies apart. */
export interface LogValue {
  readonly mark: string;
  readonly text?: string;
  readonly pieces?: number;
}

/** What the snapshot's key holds. */
export interface SnapshotValue {
  readonly seq: number;
  readonly id: string;
  readonly pieces: number;
  /** Bytes of each of its texts. */
  readonly lengths: readonly number[];
}

/** @throws MANAGER_STORE when something else wrote there */
export const readValue = (kv: KeyValue): LogValue => {
  const value = readJson(kv) as Partial<LogValue> | null;
  if (typeof value?.mark !== "string" || (typeof value.text !== "string" && typeof value.pieces !== "number"))
    throw new PcgError("MANAGER_STORE", { key: kv.key, why: "is no entry" });
  return value as LogValue;
};

/** @throws MANAGER_STORE when something else wrote there */
export const readSnapshotValue = (kv: KeyValue): SnapshotValue => {
  const value = readJson(kv) as Partial<SnapshotValue> | null;
  if (typeof value?.seq !== "number" || typeof value.id !== "string" || !Array.isArray(value.lengths))
    throw new PcgError("MANAGER_STORE", { key: kv.key, why: "is no snapshot" });
  return value as SnapshotValue;
};

function readJson({ key, value }: KeyValue): unknown {
  try {
    return JSON.parse(value.toString());
  } catch (error) {
    throw new PcgError("MANAGER_STORE", { key, why: "is no JSON" }, error);
  }
}
