import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Direction, type Place, places } from "../datapath/bpf/programs.ts";
import { attachedId, attachFd, detachAny } from "./bpf-tc.edge.ts";
import { hasTcx, link, linkedId, unlink } from "./bpf-tcx.edge.ts";
import { interfaceIndexes } from "./libbpf.edge.ts";

const directions = ["ingress", "egress"] as const satisfies Direction[];

/** An interface's index, which way its packets go, and the first or second of our programs there. */
export type Hook = readonly [ifindex: number, direction: Direction, place: Place];

/** Our places on the hooks of interfaces: as links (tcx) where the kernel has them, else as filters of the clsact qdisc. */
export class Hooks {
  readonly #directory: string;
  readonly #hasLinks: boolean;

  /** @param directory in a bpffs, for pins of links @param hasLinks of the kernel */
  constructor(directory: string, hasLinks = hasTcx()) {
    this.#directory = directory;
    this.#hasLinks = hasLinks;
  }

  /** Every place where a program of ours may be, in this network namespace. */
  all(): readonly Hook[] {
    return interfaceIndexes().flatMap((index) =>
      directions.flatMap((direction) => places.map((place) => [index, direction, place] as const)),
    );
  }

  /** The id of the program in our place; `stale` where it is a filter, and could be a link. */
  attached(...[ifindex, direction, place]: Hook): { readonly id: number; readonly stale: boolean } | undefined {
    const filter = attachedId(ifindex, direction, place);
    const id = filter ?? linkedId(this.#pin(ifindex, direction, place), ifindex);
    return id === undefined ? undefined : { id, stale: filter !== undefined && this.#hasLinks };
  }

  /** Puts the program in our place, instead of what is there. No packet passes unseen meanwhile. */
  attach(fd: number, ...[ifindex, direction, place]: Hook): void {
    if (!this.#hasLinks) {
      attachFd(ifindex, direction, fd, place);
      return;
    }
    mkdirSync(this.#directory, { recursive: true });
    link(this.#pin(ifindex, direction, place), ifindex, direction, fd, place);
    detachAny(ifindex, direction, place);
  }

  /** Empties our place. */
  detach(...[ifindex, direction, place]: Hook): void {
    unlink(this.#pin(ifindex, direction, place));
    detachAny(ifindex, direction, place);
  }

  /** Forgets links whose interfaces are gone. */
  prune(): void {
    const pins = new Set(this.all().map((hook) => this.#pin(...hook)));
    for (const pin of this.#pins()) if (!pins.has(pin)) unlink(pin);
  }

  /** Empties every place of ours. */
  clear(): void {
    for (const [ifindex, direction, place] of this.all()) detachAny(ifindex, direction, place);
    for (const pin of this.#pins()) unlink(pin);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #pin(...[ifindex, direction, place]: Hook): string {
    return join(this.#directory, `${ifindex}-${direction}-${place}`);
  }

  #pins(): string[] {
    try {
      return readdirSync(this.#directory).map((name) => join(this.#directory, name));
    } catch {
      return [];
    }
  }
}
