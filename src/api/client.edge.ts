import { request } from "node:http";
import { messageOf, PcgError } from "../base/error.ts";

/** For a whole answer, however it drips. */
const TIMEOUT_MS = 30_000;
/** All objects of a gateway with a hundred thousand of them take a fifth of it. */
const MOST_BYTES = 256 * 1024 * 1024;

interface AskOptions {
  readonly timeoutMs?: number;
  readonly mostBytes?: number;
}

/**
 * Asks a gateway's unix socket. Who answers there is no more trusted than any stranger: pcg-boot asks as root.
 *
 * @throws API_UNREACHABLE saying what to do when nothing answers there; API_BAD_REQUEST when what is said is no answer
 */
export async function ask(socket: string, path: string, options: AskOptions = {}): Promise<unknown> {
  const { status, body } = await send(socket, path, options).catch((error) => {
    const code = isAway(error) ? "API_UNREACHABLE" : "API_BAD_REQUEST";
    throw new PcgError(code, { socket, why: messageOf(error), hint: hintFor(error) }, error);
  });
  const answer = json(body, socket);
  if (status !== 200) throw new PcgError("API_BAD_REQUEST", { path, answer });
  return answer;
}

const errnoOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? "";

/** connect(2) on a unix socket: no file, no listener behind it, not allowed, its queue is full. */
const isAway = (error: unknown) => ["ENOENT", "ECONNREFUSED", "EACCES", "EAGAIN"].includes(errnoOf(error));

const hintFor = (error: unknown) =>
  errnoOf(error) === "EACCES"
    ? "be root or in the group of the socket"
    : "see whether pcgd is running: systemctl status pcgd, journalctl -u pcgd";

function json(body: string, socket: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new PcgError("API_BAD_REQUEST", { socket, why: "the answer is no JSON", hint: "is pcgd running?" }, error);
  }
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function send(socketPath: string, path: string, { timeoutMs = TIMEOUT_MS, mostBytes = MOST_BYTES }: AskOptions) {
  return new Promise<Answer>((resolve, reject) => {
    const asked = request({ socketPath, path, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > mostBytes) answer.destroy(new Error(`the answer has more than ${mostBytes} bytes`));
        else chunks.push(chunk);
      });
      // It was killed half-way.
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(chunks).toString("utf8") }));
    });
    asked.on("error", reject);
    asked.end();
  });
}
