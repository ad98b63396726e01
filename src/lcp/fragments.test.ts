import fc from "fast-check";
import { expect, test } from "vitest";
import { FragmentSender, type FragmentSocket } from "./fragments.ts";

/** A socket on which one thing at a time is under way. */
function socket() {
  const all: { bytes: Buffer; fin: boolean; done: (error?: Error) => void }[] = [];
  let done = 0;
  const its: FragmentSocket = {
    get bufferedAmount() {
      return all.slice(done).reduce((sum, { bytes }) => sum + bytes.length, 0);
    },
    send: (data, { fin }, then) => void all.push({ bytes: Buffer.from(data as string), fin, done: then }),
  };
  /** The next fragment is on its way. */
  const goOn = (error?: Error) => all[done++]?.done(error);
  return { its, all, goOn, under: () => all.length - done };
}

test("send makes fragments of long messages, one under way at a time, and the messages come out whole and in order", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.nat(20_000)), { maxLength: 8 }), (parts) => {
      const texts = parts.map(([text, times]) => (text || "x").repeat(1 + (times % 4_000)));
      const { its, all, goOn, under } = socket();
      const sender = new FragmentSender(its);
      const sent: number[] = [];
      for (const [n, text] of texts.entries()) sender.send(text, () => sent.push(n));
      expect(sender.buffered).toBe(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
      while (under() > 0) goOn();
      const messages: string[] = [];
      let parted: Buffer[] = [];
      for (const { bytes, fin } of all) {
        expect(bytes.length).toBeLessThanOrEqual(15_000);
        parted.push(bytes);
        if (!fin) continue;
        messages.push(Buffer.concat(parted).toString());
        parted = [];
      }
      expect(messages).toEqual(texts);
      expect(sent).toEqual([...texts.keys()]);
      expect(sender.buffered).toBe(0);
    }),
  );
});

test("send keeps to one fragment of a long message under way, however many messages wait", () => {
  const { its, under, goOn } = socket();
  const sender = new FragmentSender(its);
  for (let n = 0; n < 5; n++) sender.send("x".repeat(40_000), () => undefined);
  sender.send("short", () => undefined);
  for (let n = 0; n < 15; n++) {
    expect(under()).toBe(1);
    goOn();
  }
  expect(under()).toBe(1);
});

test("send says nothing more once the connection is over", () => {
  const { its, goOn, all } = socket();
  const sender = new FragmentSender(its);
  let sent = 0;
  sender.send("x".repeat(40_000), () => sent++);
  sender.send("y", () => sent++);
  goOn(new Error("closed"));
  expect([all.length, sent]).toEqual([1, 0]);
});
