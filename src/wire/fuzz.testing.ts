import { PcgError } from "../base/error.ts";
import { toHex } from "./hex.ts";

const RUNS = 4_000;

/**
 * For tests: feeds `read` random bytes, and seeds with some bytes changed and the end cut off.
 * @returns what came of them other than a value or a WIRE_* error, which should be nothing
 */
export function misreadings(read: (bytes: Uint8Array) => unknown, seeds: readonly Uint8Array[] = []): string[] {
  const found: string[] = [];
  const random = randomNumbers(1);
  for (let run = 0; run < RUNS; run++) {
    const bytes = someBytes(seeds, random);
    try {
      read(bytes);
    } catch (error) {
      if (!(error instanceof PcgError && error.code.startsWith("WIRE_"))) found.push(`${toHex(bytes)}: ${error}`);
    }
  }
  return found;
}

type Random = (below: number) => number;

/** xorshift32: the same numbers every time, so that a finding can be had again. */
function randomNumbers(seed: number): Random {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function someBytes(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  const seed = seeds[random(seeds.length + 1)];
  if (!seed) return Uint8Array.from({ length: random(700) }, () => random(256));
  const bytes = Uint8Array.from(seed);
  for (let edits = random(6); edits > 0 && bytes.length > 0; edits--) bytes[random(bytes.length)] = random(256);
  return random(3) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
}
