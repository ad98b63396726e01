import { PcgError } from "../base/error.ts";
import { malformed, type OptionValue } from "./option-values.ts";

const POINTER = 0xc0;
const MAX_LABEL = 63;
const MAX_NAME = 255;
const MAX_HOPS = MAX_NAME / 2;

/**
 * A list of domain names in DNS form, RFC 1035 §4.1.4, as in option 119 (RFC 3397).
 * Compressed names are read; none are written. A pointer may only lead backwards, so that reading ends.
 */
export const domainNames: OptionValue<readonly string[]> = {
  decode(data) {
    const names: string[] = [];
    for (let at = 0; at < data.length; ) {
      const { name, end } = readName(data, at);
      names.push(name);
      at = end;
    }
    if (names.length === 0) throw malformed("at least one name", data);
    return names;
  },

  encode(names) {
    if (names.length === 0) throw new PcgError("WIRE_UNENCODABLE", { must: "at least one name" });
    return Uint8Array.from(names.flatMap(writeName));
  },
};

/** The name at `start`, and where the next one begins. */
function readName(data: Uint8Array, start: number): { name: string; end: number } {
  const labels: string[] = [];
  const first = readLabels(data, start, labels);
  let from = start;
  let run = first;
  for (let hops = 0; run.pointer !== undefined; hops++) {
    if (run.pointer >= from || hops > MAX_HOPS) throw malformed("few pointers, that lead backwards", data);
    from = run.pointer;
    run = readLabels(data, from, labels);
  }
  if (labels.length === 0) throw malformed("names of at least one label", data);
  return { name: labels.join("."), end: first.end };
}

/** Reads labels up to the name's end or a pointer. */
function readLabels(data: Uint8Array, start: number, labels: string[]): { pointer?: number; end: number } {
  let at = start;
  for (;;) {
    const head = data[at];
    if (head === undefined) throw malformed("whole names", data);
    if (head === 0) return { end: at + 1 };
    if (head >= POINTER) return { pointer: (head - POINTER) * 256 + (data[at + 1] ?? 0xffff), end: at + 2 };
    labels.push(readLabel(data, at));
    if (labels.reduce((sum, label) => sum + 1 + label.length, 1) > MAX_NAME)
      throw malformed("names of at most 255 bytes", data);
    at += 1 + head;
  }
}

function readLabel(data: Uint8Array, at: number): string {
  const length = data[at] ?? 0;
  const label = data.subarray(at + 1, at + 1 + length);
  if (length > MAX_LABEL || label.length < length) throw malformed("whole labels of at most 63 bytes", data);
  // A dot within a label could not be told from one between labels.
  if (label.includes(0x2e)) throw malformed("labels without dots", data);
  return String.fromCharCode(...label);
}

function writeName(name: string): number[] {
  const labels = name.replace(/\.$/, "").split(".");
  const bytes = labels.flatMap((label) => [label.length, ...Array.from(label, (c) => c.charCodeAt(0))]);
  const fits = labels.every((label) => label.length > 0 && label.length <= MAX_LABEL);
  if (!fits || bytes.length >= MAX_NAME || bytes.some((b) => b > 0xff))
    throw new PcgError("WIRE_UNENCODABLE", { name, must: "labels of 1 to 63 bytes, at most 255 in all" });
  return [...bytes, 0];
}
