import { request } from "node:http";
import { PcgError } from "../base/error.ts";

/** Asks a gateway's unix socket. @throws API_BAD_REQUEST saying what to do when nobody answers */
export function ask(socket: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, path }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        if (answer.statusCode === 200) resolve(body);
        else reject(new PcgError("API_BAD_REQUEST", { path, answer: body }));
      });
    });
    asked.on("error", (error) =>
      reject(new PcgError("API_BAD_REQUEST", { socket, why: error.message, hint: "is pcgd running?" })),
    );
    asked.end();
  });
}
