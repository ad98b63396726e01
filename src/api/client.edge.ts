import { request } from "node:http";
import { PcgError } from "../base/error.ts";

/** One that says nothing for so long never will. */
const TIMEOUT_MS = 30_000;

/** Asks a gateway's unix socket. @throws API_BAD_REQUEST saying what to do when nobody answers */
export function ask(socket: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, path, timeout: TIMEOUT_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      // It was killed half-way.
      answer.on("error", reject);
      answer.on("end", () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        if (answer.statusCode === 200) resolve(body);
        else reject(new PcgError("API_BAD_REQUEST", { path, answer: body }));
      });
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    asked.on("error", (error) =>
      reject(new PcgError("API_BAD_REQUEST", { socket, why: error.message, hint: "is pcgd running?" })),
    );
    asked.end();
  });
}
