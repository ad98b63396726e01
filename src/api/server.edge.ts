import { chmodSync, rmSync } from "node:fs";
import fastify, { type FastifyInstance } from "fastify";
import { messageOf, PcgError } from "../base/error.ts";
import type { Report } from "../reconcile/reconciler.ts";
import type { FlowStatus, Status } from "./status.ts";

/** What the gateway can be asked. */
export interface Answers {
  status(): Promise<Status>;
  objects(): Report["objects"];
  flows(): Promise<readonly FlowStatus[]>;
}

/** HTTP over a unix socket, for this machine's own tools. */
export async function serveApi(socket: string, answers: Answers): Promise<FastifyInstance> {
  const server = fastify({ logger: false });
  server.get("/status", () => answers.status());
  server.get("/objects", async () => answers.objects());
  server.get("/flows", () => answers.flows());
  server.setErrorHandler(async (error, _request, reply) => {
    const code = error instanceof PcgError ? error.code : "API_BAD_REQUEST";
    return reply.status(code === "KERNEL_DOOR_CLOSED" ? 503 : 500).send({ code, message: messageOf(error) });
  });
  rmSync(socket, { force: true });
  await server.listen({ path: socket });
  chmodSync(socket, 0o660);
  return server;
}
