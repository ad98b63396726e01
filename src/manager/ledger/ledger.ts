/** One change of what managers know. Its text is JSON; a ledger does not look into it. */
export interface Entry {
  /** 1 for the first ever; each is one more than the one before. */
  readonly seq: number;
  readonly text: string;
}

/** All that was true after an entry. */
export interface Snapshot {
  readonly seq: number;
  /** Texts of up to 512 KiB. */
  readonly parts: readonly string[];
}

/** What a reader of a ledger is told. */
export interface LedgerEvents {
  /** The next one, whoever wrote it. */
  entry(entry: Entry): void;
  /**
   * It cannot go on from where it is (a backup was restored; what follows was compacted away): load again. Nothing is
   * told afterwards.
   */
  lost(why: string): void;
}

/** The order of all changes, which all managers over one store agree on. Everything else they know follows from it. */
export interface Ledger {
  /** The newest snapshot, if there is one, and every entry after it. @throws MANAGER_STORE */
  load(): Promise<{ readonly snapshot: Snapshot | null; readonly entries: readonly Entry[] }>;
  /** The number of the newest entry; 0: there is none. None is missed that counted before this was asked. @throws MANAGER_STORE */
  newest(): Promise<number>;
  /**
   * Durable when it resolves to true. False: an entry of that number is there already.
   *
   * @throws MANAGER_STORE also when it follows nothing; and when nobody can tell whether it is there. Asking again for
   * the very same entry finds that out, and so does following
   */
  append(entry: Entry): Promise<boolean>;
  /**
   * Tells of every entry after `seq`, once each and in order, those of this process too, until its undo. An entry may be
   * told before the promise of its `append` is kept, or after it.
   */
  follow(seq: number, events: LedgerEvents): () => void;
  /**
   * Takes the place of the entries up to its own. One that is not newer than what is there is ignored.
   *
   * @throws MANAGER_STORE also when there is no entry of its number
   */
  compact(snapshot: Snapshot): Promise<void>;
  close(): Promise<void>;
}
