import fc from "fast-check";
import { expect, test } from "vitest";
import { lines } from "./door-protocol.ts";

test("lines gives every line once, however the stream is cut", () => {
  const aText = fc.string().map((s) => s.replaceAll("\n", " "));
  fc.assert(
    fc.property(fc.array(aText, { maxLength: 8 }), fc.array(fc.nat(40), { maxLength: 20 }), (texts, cuts) => {
      const stream = Buffer.from(texts.map((t) => `${t}\n`).join(""));
      const ends = [...new Set(cuts.map((c) => Math.min(c, stream.length)))].toSorted((a, b) => a - b);
      const heard: string[] = [];
      const feed = lines(
        (line) => heard.push(line),
        () => expect.unreachable(),
      );
      let from = 0;
      for (const end of [...ends, stream.length]) {
        feed(stream.subarray(from, end));
        from = end;
      }
      expect(heard).toEqual(texts);
    }),
  );
});
