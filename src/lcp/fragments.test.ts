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

/** What was sent, put together again: each message in its fragments. */
function messagesOf(all: readonly { readonly bytes: Buffer; readonly fin: boolean }[]): Buffer[][] {
  const messages: Buffer[][] = [[]];
  for (const { bytes, fin } of all) {
    messages.at(-1)?.push(bytes);
    if (fin) messages.push([]);
  }
  return messages.slice(0, -1);
}

const texts = fc
  .array(fc.tuple(fc.string({ unit: "grapheme", minLength: 1 }), fc.integer({ min: 1, max: 4_000 })), { maxLength: 8 })
  .map((all) => all.map(([text, times]) => text.repeat(times)));

test("send makes fragments of long messages, one under way at a time, and the messages come out whole and in order", () => {
  fc.assert(
    fc.property(texts, (all) => {
      const { its, all: fragments, goOn, under } = socket();
      const sender = new FragmentSender(its);
      const sent: number[] = [];
      for (const [n, text] of all.entries()) sender.send(text, () => sent.push(n));
      expect(sender.buffered).toBe(all.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
      while (under() > 0) goOn();
      const messages = messagesOf(fragments);
      expect(messages.map((message) => Buffer.concat(message).toString())).toEqual(all);
      const tooLong = messages.flatMap((message) => {
        const most = Buffer.concat(message).length > 65_536 ? 15_000 : 750;
        return message.filter(({ length }) => length > most);
      });
      expect([tooLong, sent, sender.buffered]).toEqual([[], [...all.keys()], 0]);
    }),
  );
});

test("send keeps to one fragment of a long message under way, however many messages wait", () => {
  const { its, under, goOn } = socket();
  const sender = new FragmentSender(its);
  for (let n = 0; n < 5; n++) sender.send("x".repeat(2_000), () => undefined);
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
