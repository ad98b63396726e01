/**
 * What pcgd and pcg-kernel say to each other over a unix socket: one JSON object a line. Every request has a number
 * and gets one answer with it; `changed` comes unasked.
 */
export const verbs = [
  "read",
  "apply",
  "interfaces",
  "counters",
  "features",
  "flows",
  "connections",
  "end",
  "watch",
] as const;
export type Verb = (typeof verbs)[number];

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } }
  | { readonly changed: true };

/** A line longer than this is no request of ours. Ten thousand endpoints with their NAT are some 20 MB. */
const MOST_LINE_BYTES = 256 * 1024 * 1024;

/** Cuts a stream of chunks into lines. */
export function lines(onLine: (line: string) => void, onTooLong: () => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      onLine(Buffer.concat([...parts, rest.subarray(0, end)]).toString("utf8"));
      parts = [];
      size = 0;
      rest = rest.subarray(end + 1);
    }
    parts.push(rest);
    size += rest.length;
    if (size > MOST_LINE_BYTES) onTooLong();
  };
}
