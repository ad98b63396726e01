import { expect, test } from "vitest";
import { VirtualClock } from "../base/virtual-clock.ts";
import { HandshakeGate, type HandshakeLimits } from "./handshake-gate.ts";

class Socket {
  readonly name: string;
  isDestroyed = false;
  #closed: () => void = () => undefined;

  constructor(name: string) {
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

function gate(more: Partial<HandshakeLimits> = {}) {
  const clock = new VirtualClock();
  const begun: string[] = [];
  const refused: string[] = [];
  const limits = { connections: 1_000, handshakes: { perSecond: 10, burst: 10 }, silentMs: 10_000, ...more };
  const made = new HandshakeGate<Socket>(limits, clock, {
    begin: ({ name }) => void begun.push(name),
    refuse: (reason, source) => void refused.push(`${source} ${reason}`),
  });
  const connect = (source: string, count = 1) =>
    Array.from({ length: count }, (_, n) => {
      const socket = new Socket(`${source}${n}`);
      made.arrive(socket, source);
      return socket;
    });
  const speak = (source: string, count = 1) =>
    connect(source, count).map((socket) => {
      made.spoke(socket);
      return socket;
    });
  return { clock, begun, refused, connect, speak, made };
}

const names = (source: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `${source}${from + n}`);

test("HandshakeGate lets a second's worth begin at once, and the rest in order and in time", () => {
  const { clock, begun, speak } = gate();
  speak("a", 25);
  expect(begun).toHaveLength(10);
  clock.advance(1_000);
  expect(begun).toHaveLength(20);
  clock.advance(500);
  expect(begun).toEqual(names("a", 0, 25));
});

test("HandshakeGate turns away whose turn would come too late, and keeps nothing of them", () => {
  const { clock, begun, refused, speak } = gate();
  const sockets = speak("a", 100);
  expect(refused).toEqual(Array.from({ length: 20 }, () => "a too fast"));
  expect(sockets.filter(({ isDestroyed }) => isDestroyed).map(({ name }) => name)).toEqual(names("a", 80, 100));
  clock.advance(7_000);
  expect(begun).toHaveLength(80);
});

test("HandshakeGate gives no turn to who has left", () => {
  const { clock, begun, speak } = gate();
  const sockets = speak("a", 12);
  sockets[10]?.close();
  clock.advance(1_000);
  expect(begun).toEqual(["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a11"]);
});

test("HandshakeGate gives sources turns in a row, however many wait of one of them", () => {
  const { clock, begun, speak } = gate();
  for (const enemy of ["b", "c", "d"]) speak(enemy, 50);
  speak("honest");
  clock.advance(500);
  expect(begun).toContain("honest0");
});

test("HandshakeGate gives silent connections no turn and ends them in time", () => {
  const { clock, begun, refused, connect, speak } = gate();
  connect("b", 500);
  speak("honest");
  expect(begun).toEqual(["honest0"]);
  clock.advance(10_000);
  expect(refused).toEqual(Array.from({ length: 500 }, () => "b silent"));
});

test("HandshakeGate makes room by ending a silent connection of the source that has most, not the honest one's", () => {
  const { refused, connect } = gate({ connections: 4 });
  const [honest] = connect("honest");
  const [first, second] = connect("b", 3);
  connect("c", 2);
  expect(refused).toEqual(["b made room", "b made room"]);
  expect([honest, first, second].map((socket) => socket?.isDestroyed)).toEqual([false, true, true]);
});

test("HandshakeGate ends idle connections where no other gives way, and never busy ones", () => {
  const { begun, refused, speak, made } = gate({ connections: 2 });
  const [first, second] = speak("b", 2);
  if (first && second) {
    made.becomes(first, "busy");
    made.becomes(second, "idle");
  }
  speak("c");
  expect([first?.isDestroyed, second?.isDestroyed, begun.at(-1)]).toEqual([false, true, "c0"]);
  const [third] = speak("d");
  if (third) made.becomes(third, "busy");
  speak("e");
  expect(refused).toEqual(["b made room", "c made room", "e too many"]);
});

test("HandshakeGate lets a source have so many, of which a silent one gives way to the next", () => {
  const { refused, connect, speak, made } = gate({ connectionsPerSource: 2 });
  const [silent] = connect("b");
  for (const socket of speak("b")) made.becomes(socket, "busy");
  for (const socket of speak("b")) made.becomes(socket, "busy");
  expect(silent?.isDestroyed).toBe(true);
  speak("b");
  speak("c");
  expect(refused).toEqual(["b made room", "b too many of one source"]);
});
