import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { messageOf, PcgError } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { ConnectionsToEnd } from "../model/connection.ts";
import type { Step } from "../model/step.ts";
import { EndList } from "./connection-request.ts";
import { type Answer, lines, verbs } from "./door-protocol.ts";
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

/** Serves the kernel to whoever may open the socket (its group), and to nobody more than {@link DoorOptions.own} allows. */
export function serveDoor({ socket, kernel, own, log }: DoorOptions): Promise<Server> {
  const server = createServer((client) => attend(client, kernel, own, log));
  rmSync(socket, { force: true });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, () => {
      chmodSync(socket, 0o660);
      resolve(server);
    });
  });
}

function attend(client: Socket, kernel: Kernel, own: DoorOptions["own"], log: Log): void {
  const send = (answer: Answer) => void (client.writable && client.write(`${JSON.stringify(answer)}\n`));
  let unwatch: (() => void) | undefined;
  const perform = async ({ verb, steps = [], from = null, which = [] }: Request): Promise<unknown> => {
    switch (verb) {
      case "read":
        return await kernel.read();
      case "apply":
        return await applyOwned(kernel, own, steps);
      case "interfaces":
        return await kernel.interfaces();
      case "counters":
        return await kernel.counters();
      case "features":
        return await kernel.features();
      case "flows":
        return await kernel.flows();
      case "connections":
        return await kernel.connections(from);
      case "end":
        return (await kernel.endConnections(which)) ?? null;
      case "watch":
        unwatch ??= kernel.watch(() => send({ changed: true }));
        return null;
    }
  };
  const hear = (line: string) => {
    const request = json(line);
    if (!isRequest.Check(request)) {
      client.destroy();
      return;
    }
    perform(request as Request).then(
      (result) => send({ id: request.id, result }),
      (error) => send({ id: request.id, error: { code: codeOf(error), message: messageOf(error) } }),
    );
  };
  client.on(
    "data",
    lines(hear, () => client.destroy()),
  );
  client.on("error", (error) => log.warn("client went away", { why: error.message }));
  client.on("close", () => unwatch?.());
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
