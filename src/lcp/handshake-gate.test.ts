import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { HandshakeGate } from "./handshake-gate.ts";

class Socket {
  readonly name: number;
  isDestroyed = false;
  #closed: () => void = () => undefined;

  constructor(name: number) {
    this.name = name;
  }

  once(_event: "close", fn: () => void): void {
    this.#closed = fn;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.close();
  }

  close(): void {
    this.#closed();
  }
}

function gate(connections = 1_000) {
  const clock = new VirtualClock();
  const begun: number[] = [];
  const refused: string[] = [];
  const made = new HandshakeGate<Socket>({ connections, handshakesPerSecond: 10 }, clock, {
    begin: ({ name }) => void begun.push(name),
    refuse: (reason) => void refused.push(reason),
  });
  const arrive = (count: number) =>
    Array.from({ length: count }, (_, name) => {
      const socket = new Socket(name);
      made.arrive(socket);
      return socket;
    });
  return { clock, begun, refused, arrive };
}

test("HandshakeGate lets a second's worth begin at once, and the rest in order and in time", () => {
  const { clock, begun, arrive } = gate();
  arrive(25);
  expect(begun).toHaveLength(10);
  clock.advance(1_000);
  expect(begun).toHaveLength(20);
  clock.advance(500);
  expect(begun).toEqual(Array.from({ length: 25 }, (_, n) => n));
});

test("HandshakeGate turns away whose turn would come too late, and keeps nothing of them", () => {
  const { clock, begun, refused, arrive } = gate();
  const sockets = arrive(100);
  expect(refused).toEqual(Array.from({ length: 20 }, () => "too fast"));
  expect(sockets.filter(({ isDestroyed }) => isDestroyed).map(({ name }) => name)).toEqual(
    Array.from({ length: 20 }, (_, n) => 80 + n),
  );
  clock.advance(7_000);
  expect(begun).toHaveLength(80);
});

test("HandshakeGate gives no turn to who has left", () => {
  const { clock, begun, arrive } = gate();
  const sockets = arrive(12);
  sockets[10]?.close();
  clock.advance(1_000);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
});

test("HandshakeGate lets only so many be there at once", () => {
  const { refused, arrive } = gate(3);
  const [first] = arrive(4);
  expect(refused).toEqual(["too many"]);
  first?.close();
  arrive(1);
  expect(refused).toEqual(["too many"]);
});
