/** The disk with the slots, by the few things done to it. Paths are relative to its root. */
export interface Files {
  /** Undefined: there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** The same, piece by piece, for what is large. */
  pieces(path: string): AsyncIterable<Uint8Array>;
  /** Name to size; empty where there is no such folder. */
  list(folder: string): Promise<ReadonlyMap<string, FileFacts>>;
  /** A new file; when this returns, its content is on the disk, though not yet its name. */
  write(path: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Changes an existing file's bytes where they lie. */
  overwrite(path: string, bytes: Uint8Array): Promise<void>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file that need not be there. */
  remove(path: string): Promise<void>;
  /** With those above it; it may be there already. */
  makeFolder(path: string): Promise<void>;
  /** An empty folder that need not be there. */
  removeFolder(path: string): Promise<void>;
  /** From here on the names in it are on the disk. */
  syncFolder(path: string): Promise<void>;
  /** From here on everything synced can be read by one who knows of no journal. */
  settle(): Promise<void>;
  /** Bytes that can still be written. */
  room(): Promise<number>;
}

export interface FileFacts {
  readonly bytes: number;
  /** How many names it has. */
  readonly links: number;
}
