import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { messageOf, PcgError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { ConnectionsToEnd } from "../model/connection.ts";
import type { Step } from "../model/step.ts";
import { EndList } from "./connection-request.ts";
import { type Answer, Credits, Lines, MOST_REQUEST_BYTES, NO_REQUEST, verbs } from "./door-protocol.ts";
import type { Kernel, StepResult } from "./kernel.ts";

const isRequest = Compile(
  Type.Object({
    id: Type.Integer(),
    verb: Type.Enum([...verbs]),
    steps: Type.Optional(Type.Array(Type.Unknown())),
    from: Type.Optional(Type.Union([Type.Null(), Type.Integer({ minimum: 0 })])),
    which: Type.Optional(EndList),
  }),
);
type Request = {
  id: number;
  verb: (typeof verbs)[number];
  steps?: unknown[];
  from?: number | null;
  which?: ConnectionsToEnd[];
};

export interface DoorOptions {
  readonly socket: string;
  readonly kernel: Kernel;
  /** Judges steps by what this unit is now. The judge throws KERNEL_NOT_OURS. */
  readonly own: () => Promise<(step: unknown) => Step>;
  readonly log: Log;
}

/** pcgd, its successor while it is upgraded, and commands of an operator. */
const MOST_CLIENTS = 8;
/** Requests of one client that wait; it is not read from meanwhile. */
const MOST_WAITING = 16;
/** `changed` is not told to a client that has as much unread. */
const MOST_UNREAD_BYTES = 1024 * 1024;

/**
 * Serves the kernel to whoever may open the socket (its group), and to nobody more than {@link DoorOptions.own} allows.
 * What all clients together can make this process keep is bounded: how many they are, the bytes of lines that are not
 * whole and of requests that are not answered, and one answer each that is not read.
 */
export function serveDoor({ socket, kernel, own, log }: DoorOptions): Promise<Server> {
  const credits = new Credits(MOST_REQUEST_BYTES);
  const clients = new Set<Socket>();
  let turnedAway = 0;
  const server = createServer((client) => {
    client.on("error", (error) => log.warn("client went away", { why: error.message }));
    if (clients.size >= MOST_CLIENTS) {
      turnedAway++;
      if (Number.isInteger(Math.log2(turnedAway))) log.warn("too many clients", { turnedAway, most: MOST_CLIENTS });
      client.destroy();
      return;
    }
    clients.add(client);
    client.on("close", () => clients.delete(client));
    new Attendance(client, kernel, own, credits).begin();
  });
  rmSync(socket, { force: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, () => {
      chmodSync(socket, 0o660);
      resolve(server);
    });
  });
}

/** One client: its requests one after another, each begun when the answer to the one before has been taken. */
class Attendance {
  readonly #client: Socket;
  readonly #kernel: Kernel;
  readonly #own: DoorOptions["own"];
  readonly #credits: Credits;
  readonly #lines: Lines;
  readonly #waiting: { readonly request: Request; readonly bytes: number }[] = [];
  #busy = false;
  #unwatch: (() => void) | undefined;

  constructor(client: Socket, kernel: Kernel, own: DoorOptions["own"], credits: Credits) {
    this.#client = client;
    this.#kernel = kernel;
    this.#own = own;
    this.#credits = credits;
    this.#lines = new Lines({
      onLine: (line, bytes) => this.#hear(line, bytes),
      onTooLong: () => this.#refuse(),
      credits,
    });
  }

  begin(): void {
    this.#client.on("data", (chunk) => this.#lines.feed(chunk));
    this.#client.on("close", () => {
      this.#lines.end();
      this.#unwatch?.();
      for (const { bytes } of this.#waiting.splice(0)) this.#credits.give(bytes);
    });
  }

  #refuse(): void {
    const error = {
      code: "KERNEL_DOOR_FULL",
      message: `all clients together may have sent ${MOST_REQUEST_BYTES} bytes`,
    };
    this.#client.pause();
    this.#client.end(`${JSON.stringify({ id: NO_REQUEST, error })}\n`, () => this.#client.destroy());
  }

  #hear(line: string, bytes: number): void {
    const request = json(line);
    if (!isRequest.Check(request)) {
      this.#credits.give(bytes);
      this.#lines.end();
      this.#client.destroy();
      return;
    }
    this.#waiting.push({ request: request as Request, bytes });
    if (this.#waiting.length >= MOST_WAITING) this.#client.pause();
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const answer = await this.#answer(next.request);
      this.#credits.give(next.bytes);
      await this.#send(answer);
      if (this.#waiting.length < MOST_WAITING && !this.#client.destroyed) this.#client.resume();
    }
    this.#busy = false;
  }

  #answer = (request: Request): Promise<Answer> =>
    this.#perform(request).then(
      (result) => ({ id: request.id, result }),
      (error) => ({ id: request.id, error: { code: codeOf(error), message: messageOf(error) } }),
    );

  /** Resolves when the client has taken it, or is gone. */
  #send(answer: Answer): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#client.writable) resolve();
      else this.#client.write(`${JSON.stringify(answer)}\n`, () => resolve());
    });
  }

  async #perform({ verb, steps = [], from = null, which = [] }: Request): Promise<unknown> {
    switch (verb) {
      case "read":
        return await this.#kernel.read();
      case "apply":
        return await applyOwned(this.#kernel, this.#own, steps);
      case "interfaces":
        return await this.#kernel.interfaces();
      case "counters":
        return await this.#kernel.counters();
      case "features":
        return await this.#kernel.features();
      case "flows":
        return await this.#kernel.flows();
      case "connections":
        return await this.#kernel.connections(from);
      case "end":
        return (await this.#kernel.endConnections(which)) ?? null;
      case "watch":
        this.#unwatch ??= this.#kernel.watch(() => {
          if (this.#client.writableLength < MOST_UNREAD_BYTES) void this.#send({ changed: true });
        });
        return null;
    }
  }
}

/** Steps that are not ours are refused one by one; the others are done. */
async function applyOwned(kernel: Kernel, own: DoorOptions["own"], steps: readonly unknown[]): Promise<StepResult[]> {
  const judge = await own();
  const results: StepResult[] = new Array(steps.length).fill(null);
  const allowed: { step: Step; at: number }[] = [];
  steps.forEach((asked, at) => {
    try {
      allowed.push({ step: judge(asked), at });
    } catch (error) {
      results[at] = { code: codeOf(error), message: messageOf(error) };
    }
  });
  const done = await kernel.apply(allowed.map((a) => a.step));
  allowed.forEach(({ at }, i) => {
    results[at] = done[i] ?? null;
  });
  return results;
}

const codeOf = (error: unknown) => (error instanceof PcgError ? error.code : "KERNEL_REFUSED");

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
