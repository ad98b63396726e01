import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EtcdKeys, type KeyRange } from "./etcd-keys.ts";

const keys = new EtcdKeys("/pcg");
const aSeq = fc
  .oneof(
    fc.integer({ min: 1, max: 1_000 }),
    fc.maxSafeInteger().map((n) => Math.abs(n) + 1),
  )
  .filter((n) => n <= Number.MAX_SAFE_INTEGER);
const holds = ({ from, to }: KeyRange, key: string) => from <= key && key < to;

describe("EtcdKeys", () => {
  test("are in the order of their numbers", () => {
    fc.assert(
      fc.property(aSeq, aSeq, (a, b) => {
        expect(Math.sign(a - b)).toBe(Buffer.compare(Buffer.from(keys.log(a)), Buffer.from(keys.log(b))));
      }),
    );
  });

  test("tell the number of an entry's key, and of no other", () => {
    fc.assert(
      fc.property(aSeq, (seq) => {
        expect(keys.seqOf(keys.log(seq))).toBe(seq);
      }),
    );
    for (const other of [keys.snapshot, keys.lease("x"), keys.piece("part", 1, "id", 0), "/pcg/log/1"])
      expect(keys.seqOf(other)).toBeUndefined();
  });

  test("of what a snapshot makes needless are all those of lower numbers and nothing else", () => {
    fc.assert(
      fc.property(aSeq, aSeq, (snapshot, seq) => {
        const gone = (key: string) => keys.before(snapshot).some((range) => holds(range, key));
        expect(gone(keys.log(seq))).toBe(seq < snapshot);
        expect(gone(keys.piece("part", seq, "id", 3))).toBe(seq < snapshot);
        expect(gone(keys.piece("snap", seq, "id", 3))).toBe(seq < snapshot);
        for (const other of [keys.snapshot, keys.lease("x"), keys.epoch("x")]) expect(gone(other)).toBe(false);
      }),
    );
  });

  test("from a number on are its own and those above, and no pieces", () => {
    fc.assert(
      fc.property(aSeq, aSeq, (from, seq) => {
        expect(holds(keys.logFrom(from), keys.log(seq))).toBe(seq >= from);
        expect(holds(keys.logFrom(from), keys.piece("part", seq, "id", 0))).toBe(false);
      }),
    );
  });
});
