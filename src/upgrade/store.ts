import { createHash } from "node:crypto";
import { PcgError } from "../base/error.ts";
import type { Slots } from "./disk.ts";
import type { FileFacts, Files } from "./files.ts";
import {
  type Environment,
  environmentBlock,
  environmentOf,
  readEnvironmentBlock,
  type Variables,
  withEnvironment,
} from "./grubenv.ts";
import { type Manifest, MOST_MANIFEST_BYTES, readManifest } from "./manifest.ts";
import { type Outcome, readOutcome } from "./outcome.ts";
import { otherThan, SLOT_FILES, type Slot, type SlotFile } from "./slot.ts";

const ENVIRONMENT = "boot/grub/grubenv";
const FOLDER = "slots";
/** What comes of a bundle lies here until it is whole. GRUB does not look. */
const INCOMING = `${FOLDER}/incoming`;
const MANIFEST = "manifest.json";
const OUTCOME_FOLDER = "var/lib/pcg-upgrade";
const OUTCOME = `${OUTCOME_FOLDER}/last.json`;

/** Kept free beside the slots: for the box's own /var on the same disk. */
const SPARE_BYTES = 64 * 2 ** 20;

const folderOf = (slot: Slot) => `${FOLDER}/${slot}`;

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

/** The two slots and what GRUB is told, on the disk. Every order of writes in here is one that a power cut may end. */
export class SlotStore {
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  async slots(): Promise<Slots> {
    return { a: await this.#slot("a"), b: await this.#slot("b") };
  }

  /** Undefined unless every file is there in its size: which is what GRUB asks for, and a little more. */
  async #slot(slot: Slot): Promise<Manifest | undefined> {
    const folder = folderOf(slot);
    const [bytes, facts] = [await this.#files.read(`${folder}/${MANIFEST}`), await this.#files.list(folder)];
    if (!bytes || bytes.length > MOST_MANIFEST_BYTES) return undefined;
    const manifest = manifestOrNone(bytes);
    const whole = manifest && SLOT_FILES.every((name) => facts.get(name)?.bytes === manifest.files[name].bytes);
    return whole ? manifest : undefined;
  }

  /** A block that cannot be read says nothing, to GRUB as to us. */
  async environment(): Promise<Environment> {
    return environmentOf(await this.#variables());
  }

  async #variables(): Promise<Variables> {
    const bytes = await this.#files.read(ENVIRONMENT);
    try {
      return bytes ? readEnvironmentBlock(bytes) : new Map();
    } catch (error) {
      if (error instanceof PcgError) return new Map();
      throw error;
    }
  }

  async tellGrub(environment: Environment): Promise<void> {
    await this.#files.overwrite(ENVIRONMENT, environmentBlock(withEnvironment(await this.#variables(), environment)));
  }

  /**
   * Whether a bundle for the slot beside `current` fits: beside all there is, or only once that slot is gone.
   * @throws UPGRADE_NO_SPACE when neither
   */
  async fits({ files }: Manifest, current: Slot): Promise<"beside" | "instead"> {
    const held = (await this.slots())[current];
    const need = SLOT_FILES.filter((name) => held?.files[name].sha256 !== files[name].sha256)
      .map((name) => files[name].bytes)
      .reduce((sum, bytes) => sum + bytes, SPARE_BYTES);
    const free = (await this.#files.room()) + onlyNamed(await this.#files.list(INCOMING));
    if (need <= free) return "beside";
    const freed = onlyNamed(await this.#files.list(folderOf(otherThan(current))));
    if (need <= free + freed) return "instead";
    throw new PcgError("UPGRADE_NO_SPACE", { needBytes: need, freeBytes: free + freed });
  }

  async emptyIncoming(): Promise<void> {
    await this.#removeAll(INCOMING);
    await this.#files.makeFolder(INCOMING);
    await this.#files.syncFolder(FOLDER);
  }

  /** A file whose like the running slot has becomes a second name of that, if it is still what it was. */
  async receive(
    name: SlotFile,
    content: AsyncIterable<Uint8Array>,
    { manifest, current }: { readonly manifest: Manifest; readonly current: Slot },
  ): Promise<"linked" | "written"> {
    const [own, incoming] = [`${folderOf(current)}/${name}`, `${INCOMING}/${name}`];
    const { sha256, bytes } = manifest.files[name];
    const held = (await this.slots())[current]?.files[name];
    if (held?.sha256 === sha256 && held.bytes === bytes && (await this.#digest(own)) === sha256) {
      for await (const _ of content);
      await this.#files.link(own, incoming);
      return "linked";
    }
    await this.#files.write(incoming, content);
    return "written";
  }

  async #digest(path: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const piece of this.#files.pieces(path)) hash.update(piece);
    return hash.digest("hex");
  }

  /** All files came. */
  async seal(manifest: Uint8Array): Promise<void> {
    await this.#files.write(`${INCOMING}/${MANIFEST}`, one(manifest));
    await this.#files.syncFolder(INCOMING);
  }

  async remove(slot: Slot): Promise<void> {
    await this.#removeAll(folderOf(slot));
    await this.#files.syncFolder(FOLDER);
  }

  async #removeAll(folder: string): Promise<void> {
    const present = await this.#files.list(folder);
    if (present.has(MANIFEST)) {
      await this.#files.remove(`${folder}/${MANIFEST}`);
      await this.#files.syncFolder(folder);
    }
    for (const name of present.keys()) await this.#files.remove(`${folder}/${name}`);
    await this.#files.removeFolder(folder);
  }

  async place(slot: Slot): Promise<void> {
    await this.#files.rename(INCOMING, folderOf(slot));
    await this.#files.syncFolder(FOLDER);
  }

  async outcome(): Promise<Outcome | undefined> {
    return readOutcome(await this.#files.read(OUTCOME));
  }

  async remember(outcome: Outcome): Promise<void> {
    await this.#files.makeFolder(OUTCOME_FOLDER);
    await this.#files.remove(`${OUTCOME}.new`);
    await this.#files.write(`${OUTCOME}.new`, one(Buffer.from(`${JSON.stringify(outcome)}\n`)));
    await this.#files.rename(`${OUTCOME}.new`, OUTCOME);
    await this.#files.syncFolder(OUTCOME_FOLDER);
  }

  settle = (): Promise<void> => this.#files.settle();
}

/** What is had back when a folder goes: files that have no other name. */
const onlyNamed = (facts: ReadonlyMap<string, FileFacts>): number =>
  [...facts.values()].filter((file) => file.links === 1).reduce((sum, file) => sum + file.bytes, 0);

function manifestOrNone(bytes: Uint8Array): Manifest | undefined {
  try {
    return readManifest(bytes);
  } catch (error) {
    if (error instanceof PcgError) return undefined;
    throw error;
  }
}
