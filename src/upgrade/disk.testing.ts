import { PcgError } from "../base/error.ts";
import type { FileFacts, Files } from "./files.ts";

/** Thrown where the power went. */
export class PowerCut extends Error {}

/** Of so many possibilities, one. */
export type Chance = (possibilities: number) => number;

interface File {
  readonly kind: "file";
  content: Uint8Array;
  /** Its bytes are on the disk. */
  synced: boolean;
  /** One who reads no journal finds them. */
  settled: boolean;
}

/** Its names are what its log makes them. Of what is not synced yet, a power cut leaves some of the first. */
interface Folder {
  readonly kind: "folder";
  /** What the whole log comes to. */
  readonly names: Map<string, Node>;
  log: ReadonlyMap<string, Node | undefined>[];
  synced: number;
  settled: number;
}

type Node = File | Folder;

const folder = (): Folder => ({ kind: "folder", names: new Map(), log: [], synced: 0, settled: 0 });

function change(names: Map<string, Node>, changes: ReadonlyMap<string, Node | undefined>): void {
  for (const [name, node] of changes) {
    if (node) names.set(name, node);
    else names.delete(name);
  }
}

function namesAt({ log }: Folder, upTo: number): Map<string, Node> {
  const names = new Map<string, Node>();
  for (const changes of log.slice(0, upTo)) change(names, changes);
  return names;
}

function record(within: Folder, changes: ReadonlyMap<string, Node | undefined>): void {
  within.log.push(changes);
  change(within.names, changes);
}

const split = (path: string): [string[], string] => [path.split("/").slice(0, -1), path.split("/").at(-1) ?? ""];

/**
 * A disk whose power can be cut before any of its operations. It keeps no more promises than POSIX makes: what is not
 * synced may be there or not, names apart from content; and GRUB sees only what is settled for sure.
 */
export class FragileDisk implements Files {
  #root = folder();
  readonly #chance: Chance;
  /** Operations until the power goes. */
  #left = Number.POSITIVE_INFINITY;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  cutAfter(operations: number): void {
    this.#left = operations;
  }

  /** Puts a file where it will stay. */
  put(path: string, content: Uint8Array): void {
    const [above, name] = split(path);
    record(this.#make(above), new Map([[name, { kind: "file", content, synced: true, settled: true }]]));
    this.#recover(this.#root);
  }

  /** What is left when power comes back; nothing is lost but what was not synced. */
  crash(): void {
    this.#left = Number.POSITIVE_INFINITY;
    this.#tear(this.#root);
  }

  #tear(from: Folder): void {
    from.log = from.log.slice(0, from.synced + this.#chance(from.log.length - from.synced + 1));
    from.names.clear();
    for (const changes of from.log) change(from.names, changes);
    for (const node of from.names.values()) {
      if (node.kind === "folder") this.#tear(node);
      else if (!node.synced) node.content = node.content.subarray(0, this.#chance(node.content.length + 1));
    }
  }

  /** Linux mounts it: the journal is played, everything that is there is there for good. */
  mount(): void {
    this.#recover(this.#root);
  }

  #recover(from: Folder): void {
    from.log = [new Map(from.names)];
    from.synced = from.settled = 1;
    for (const node of from.names.values()) {
      if (node.kind === "folder") this.#recover(node);
      else node.synced = node.settled = true;
    }
  }

  /** The files of a folder as GRUB may find them before {@link mount}. */
  grubSees(path: string): ReadonlyMap<string, Uint8Array> {
    const real = new Set(this.#reachable(this.#root));
    let at: Node | undefined = this.#root;
    for (const part of path.split("/")) at = at?.kind === "folder" ? this.#glimpse(at).get(part) : undefined;
    if (at?.kind !== "folder") return new Map();
    return new Map(
      [...this.#glimpse(at)].flatMap(([name, node]) => {
        if (node.kind === "folder") return [];
        const sound = node.settled && real.has(node);
        return [[name, sound || this.#chance(2) === 0 ? node.content : Buffer.from("rubbish")] as const];
      }),
    );
  }

  #glimpse = (from: Folder) => namesAt(from, from.settled + this.#chance(from.log.length - from.settled + 1));

  *#reachable(from: Folder): Generator<Node> {
    for (const node of from.names.values()) {
      yield node;
      if (node.kind === "folder") yield* this.#reachable(node);
    }
  }

  #step(): void {
    if (this.#left-- <= 0) throw new PowerCut();
  }

  #find(path: readonly string[]): Node | undefined {
    let at: Node | undefined = this.#root;
    for (const part of path) at = at?.kind === "folder" ? at.names.get(part) : undefined;
    return at;
  }

  #folder(path: readonly string[]): Folder {
    const found = this.#find(path);
    if (found?.kind !== "folder") throw new PcgError("UPGRADE_DISK", { folder: path.join("/") });
    return found;
  }

  #make(path: readonly string[]): Folder {
    let at = this.#root;
    for (const part of path) {
      const found = at.names.get(part);
      const under: Folder = found?.kind === "folder" ? found : folder();
      if (under !== found) record(at, new Map([[part, under]]));
      at = under;
    }
    return at;
  }

  #name(path: string, node: Node | undefined): void {
    const [above, name] = split(path);
    record(this.#folder(above), new Map([[name, node]]));
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const found = this.#find(path.split("/"));
    return found?.kind === "file" ? found.content : undefined;
  }

  async *pieces(path: string): AsyncGenerator<Uint8Array, void> {
    yield (await this.read(path)) ?? new Uint8Array();
  }

  async list(path: string): Promise<ReadonlyMap<string, FileFacts>> {
    const found = this.#find(path.split("/"));
    if (found?.kind !== "folder") return new Map();
    const all = [...this.#reachable(this.#root)];
    return new Map(
      [...found.names].map(([name, node]) => [
        name,
        { bytes: node.kind === "file" ? node.content.length : 0, links: all.filter((n) => n === node).length },
      ]),
    );
  }

  async write(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.#step();
    if (this.#find(path.split("/"))) throw new PcgError("UPGRADE_DISK", { path, why: "exists" });
    const file: File = { kind: "file", content: new Uint8Array(), synced: false, settled: false };
    this.#name(path, file);
    for await (const piece of content) {
      this.#step();
      file.content = Buffer.concat([file.content, piece]);
    }
    this.#step();
    file.synced = true;
  }

  async overwrite(path: string, bytes: Uint8Array): Promise<void> {
    this.#step();
    const found = this.#find(path.split("/"));
    if (found?.kind !== "file") throw new PcgError("UPGRADE_DISK", { path });
    const before = found.content;
    found.content = bytes;
    if (this.#left < 1 && this.#chance(2) === 0) found.content = before;
    this.#step();
  }

  async link(from: string, to: string): Promise<void> {
    this.#step();
    this.#name(to, this.#find(from.split("/")));
  }

  /** Within one folder, which is all that is needed. */
  async rename(from: string, to: string): Promise<void> {
    this.#step();
    const [above, old] = split(from);
    record(
      this.#folder(above),
      new Map([
        [old, undefined],
        [split(to)[1], this.#find(from.split("/"))],
      ]),
    );
  }

  async remove(path: string): Promise<void> {
    this.#step();
    if (this.#find(path.split("/"))) this.#name(path, undefined);
  }

  async makeFolder(path: string): Promise<void> {
    this.#step();
    this.#make(path.split("/"));
  }

  async removeFolder(path: string): Promise<void> {
    const found = this.#find(path.split("/"));
    if (found?.kind === "folder" && found.names.size > 0)
      throw new PcgError("UPGRADE_DISK", { path, why: "not empty" });
    await this.remove(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.#step();
    const found = this.#folder(path.split("/"));
    found.synced = found.log.length;
  }

  async settle(): Promise<void> {
    this.#step();
    this.#settle(this.#root);
  }

  /** Data that was never synced does not get to the disk by this. */
  #settle(from: Folder): void {
    from.synced = from.settled = from.log.length;
    for (const node of from.names.values()) {
      if (node.kind === "folder") this.#settle(node);
      else node.settled = node.synced;
    }
  }

  async room(): Promise<number> {
    return Number.MAX_SAFE_INTEGER;
  }
}
