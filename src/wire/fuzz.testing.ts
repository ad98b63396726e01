import fc from "fast-check";
import { expect } from "vitest";
import { PcgError } from "../base/error.ts";

/** For tests: `read` takes any bytes, or refuses them with a WIRE_* error; nothing else comes of them. */
export function fuzz(read: (bytes: Uint8Array) => unknown, seeds: readonly Uint8Array[] = []): void {
  const mutated = fc
    .tuple(fc.constantFrom(...seeds, new Uint8Array()), fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 8 }))
    .map(([seed, edits]) => {
      const bytes = Uint8Array.from(seed);
      for (const [at, value] of edits) bytes[at % Math.max(1, bytes.length)] = value;
      return bytes;
    });
  const cut = fc.tuple(mutated, fc.nat(2000)).map(([bytes, n]) => bytes.subarray(0, n));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 700 }), mutated, cut), (bytes) => {
      try {
        read(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PcgError);
        expect(error).toMatchObject({ code: expect.stringMatching(/^WIRE_/) });
      }
    }),
    { numRuns: 2_000 },
  );
}
