import { once } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { SmallPieces } from "./small-pieces.edge.ts";

/** A stream in small pieces; what is written to the far end is read from it, and the other way round. */
function pieces(): { its: SmallPieces; far: Duplex } {
  const [near, far] = duplexPair();
  return { its: new SmallPieces(near), far };
}

/** What comes, piece by piece, until it ends. */
async function piecesOf(stream: Duplex): Promise<Buffer[]> {
  const all: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => all.push(bytes));
  await once(stream, "end");
  return all;
}

const BYTES = Buffer.from(Array.from({ length: 40_000 }, (_, n) => n % 251));

test("SmallPieces hands on what is read whole and in order, no piece longer than it may be", async () => {
  const { its, far } = pieces();
  const all = piecesOf(its);
  far.end(BYTES);
  expect(Buffer.concat(await all)).toEqual(BYTES);
  expect(Math.max(...(await all).map(({ length }) => length))).toBe(1_023);
});

test("SmallPieces writes what it is given, and says done when that is on its way", async () => {
  const { its, far } = pieces();
  const all = piecesOf(far);
  const written = new Promise<Error | null | undefined>((resolve) => its.write(BYTES, resolve));
  expect(await written).toBeFalsy();
  its.end();
  expect(Buffer.concat(await all)).toEqual(BYTES);
});

test("SmallPieces reads no more than is wanted", async () => {
  const { its, far } = pieces();
  for (let n = 0; n < 50; n++) far.write(BYTES);
  await new Promise((resolve) => setImmediate(resolve));
  expect(its.readableLength).toBeLessThan(2 * BYTES.length + its.readableHighWaterMark);
  expect(far.writableLength).toBeGreaterThan(40 * BYTES.length);
});

test("SmallPieces ends with what is under it, and takes that along when it ends itself", async () => {
  const one = pieces();
  one.far.end();
  one.its.resume();
  await once(one.its, "end");
  const other = pieces();
  const [near, far] = duplexPair();
  const over = new SmallPieces(near);
  over.destroy();
  await once(near, "close");
  expect([near.destroyed, far.destroyed]).toEqual([true, false]);
  other.its.destroy();
});

test("SmallPieces fails as what is under it does", async () => {
  const [near] = duplexPair();
  const its = new SmallPieces(near);
  const failed = once(its, "error");
  near.destroy(new Error("reset"));
  expect(await failed).toEqual([new Error("reset")]);
});
