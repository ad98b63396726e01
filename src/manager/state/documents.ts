/**
 * All that managers know: JSON values by key, such as `/infra/segments/web`. A value is never changed in place; a newer
 * one takes its place.
 */
export interface Documents {
  get(key: string): unknown;
  /** Everything whose key begins so, in order of keys. */
  under(prefix: string): Iterable<readonly [key: string, value: unknown]>;
}

/** What a change puts in place of what was there; undefined: nothing. */
export type Writes = ReadonlyMap<string, unknown>;

/** @throws PcgError where it cannot be done to what is there */
export type Change = (documents: Documents) => Writes;

/** The one way to change what managers know. */
export interface Commits {
  readonly documents: Documents;
  /**
   * Applies a change to what is there when its turn comes: it may be asked more than once. Durable, and known to all
   * managers' readers here, when it resolves.
   *
   * @param by who wanted it, for the audit log
   * @throws what the change throws; MANAGER_STORE
   */
  commit(by: string, change: Change): Promise<void>;
}
