import fc from "fast-check";
import { expect, test } from "vitest";
import { Credits, Lines } from "./door-protocol.ts";

test("Lines gives every line once, however the stream is cut", () => {
  const aText = fc.string().map((s) => s.replaceAll("\n", " "));
  fc.assert(
    fc.property(fc.array(aText, { maxLength: 8 }), fc.array(fc.nat(40), { maxLength: 20 }), (texts, cuts) => {
      const stream = Buffer.from(texts.map((t) => `${t}\n`).join(""));
      const ends = [...new Set(cuts.map((c) => Math.min(c, stream.length)))].toSorted((a, b) => a - b);
      const heard: string[] = [];
      const credits = new Credits(100_000);
      const cutter = new Lines({
        onLine: (line, bytes) => {
          heard.push(line);
          credits.give(bytes);
        },
        onTooLong: () => expect.unreachable(),
        credits,
      });
      let from = 0;
      for (const end of [...ends, stream.length]) {
        cutter.feed(stream.subarray(from, end));
        from = end;
      }
      expect(heard).toEqual(texts);
      expect(credits.take(100_000)).toBe(true);
    }),
  );
});

test("Lines keeps no more than the credits of all, ends what is too long, and gives back what it kept", () => {
  const credits = new Credits(100);
  let tooLong = 0;
  const cutter = () => new Lines({ onLine: () => expect.unreachable(), onTooLong: () => tooLong++, credits });
  const [first, second] = [cutter(), cutter()];
  first.feed(Buffer.alloc(60, "a"));
  second.feed(Buffer.alloc(60, "a"));
  expect(tooLong).toBe(1);
  second.feed(Buffer.from("\n"));
  first.end();
  expect(credits.take(100)).toBe(true);
});
