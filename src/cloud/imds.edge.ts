import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import { messageOf, PcgError } from "../base/error.ts";
import type { MetadataService } from "./read-metadata.ts";
import { refused } from "./refused.ts";

/** One that is merely slow is waited for. */
const TIMEOUT_MS = 10_000;
/** At once. The service drops what comes too fast. */
const CONNECTIONS = 8;
const TOKEN_SECONDS = 300;
/** User data has 16 KiB at most, all else is shorter; one that says more is read no further than what tells it apart. */
const MOST_BYTES = 64 * 1024;

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * EC2's instance metadata service, version 2 only: a token first, then questions with it
 * (docs.aws.amazon.com, EC2 user guide, "Use the Instance Metadata Service").
 */
export class Imds implements MetadataService {
  readonly #base: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #token: Promise<string> | undefined;

  /** @param base such as `http://169.254.169.254` */
  constructor(base: string) {
    this.#base = base;
  }

  async get(path: string): Promise<Uint8Array | undefined> {
    this.#token ??= this.#askToken();
    const { status, body } = await this.#ask(path, {
      headers: { "x-aws-ec2-metadata-token": await this.#token },
    });
    if (status === 200) return body;
    if (status === 404) return undefined;
    throw refused(path, status);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #askToken(): Promise<string> {
    const path = "api/token";
    const headers = { "x-aws-ec2-metadata-token-ttl-seconds": `${TOKEN_SECONDS}`, "content-length": 0 };
    const { status, body } = await this.#ask(path, { method: "PUT", headers });
    const token = Buffer.from(body).toString("latin1").trim();
    if (status !== 200) throw refused(path, status);
    if (!/^[\x21-\x7e]{1,1024}$/.test(token)) throw new PcgError("CLOUD_METADATA_INCOMPLETE", { path });
    return token;
  }

  async #ask(path: string, options: RequestOptions): Promise<Answer> {
    try {
      return await send(new URL(`/latest/${path}`, this.#base), { ...options, agent: this.#agent });
    } catch (error) {
      throw new PcgError("CLOUD_METADATA_UNREACHABLE", { at: this.#base, path, why: messageOf(error) }, error);
    }
  }
}

function send(url: URL, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }, (answer: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > MOST_BYTES) answer.destroy(new Error("the answer is too long"));
      });
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    asked.on("error", reject);
    asked.end();
  });
}
