import { VirtualClock } from "../../base/virtual-clock.ts";
import { type Between, MemoryLedger, SharedStore } from "../ledger/memory-ledger.testing.ts";
import { Book } from "./book.ts";
import type { Commits } from "./documents.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Policy of which nothing follows. */
const idle = { changed: () => [], tier0s: () => [], table: () => new Map() };

/** For tests: a manager's documents, over a store in memory that others may share. */
export function commitsOver(store = new SharedStore(), between: Partial<Between> = {}): Promise<Commits> {
  const lost = (why: string) => {
    throw new Error(why);
  };
  const ledger = new MemoryLedger(store, between);
  return Book.open({ ledger, clock: new VirtualClock(), log: silent, compile: () => idle, lost });
}
