import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { createInterface } from "node:readline";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Endpoint } from "./store-spec.ts";

/** PEM texts. */
export interface Tls {
  readonly ca?: string;
  readonly client?: { readonly cert: string; readonly key: string };
}

export interface Posted {
  readonly path: string;
  readonly body: unknown;
  readonly token: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface LineEvents {
  line(text: string): void;
  /** Nothing more comes. Not told after its undo. */
  ended(why: string): void;
}

/** Dead sockets are found out by the system within about half a minute. */
const KEEP_ALIVE_MS = 15_000;

/** POST over HTTP or HTTPS to one of several servers, with connections kept. */
export class EtcdHttp {
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #clock: Clock;
  readonly #request: typeof httpRequest;

  constructor(tls: Tls | undefined, clock: Clock) {
    const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS };
    this.#agent = tls ? new HttpsAgent({ ...kept, ca: tls.ca, ...tls.client }) : new HttpAgent(kept);
    this.#request = tls ? httpsRequest : httpRequest;
    this.#clock = clock;
  }

  /** @throws Error when there is no whole answer in time */
  post(endpoint: Endpoint, posted: Posted, withinMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = this.#send(endpoint, posted, (response) => {
        const chunks: Buffer[] = [];
        response.on("error", reject);
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      const undo = this.#clock.after(withinMs, () => sent.destroy(new Error(`no answer within ${withinMs} ms`)));
      sent.on("error", reject);
      sent.on("close", () => {
        undo();
        // Does nothing where an answer came.
        reject(new Error("the connection was cut"));
      });
    });
  }

  /** An answer that goes on, line by line. @param withinMs its first line must come in this time */
  stream(endpoint: Endpoint, posted: Posted, withinMs: number, events: LineEvents): () => void {
    let over = false;
    const end = (why: string) => {
      if (over) return;
      over = true;
      undo();
      events.ended(why);
    };
    const sent = this.#send(endpoint, posted, (response) => {
      const lines = createInterface({ input: response });
      // It passes on the errors of what it reads.
      lines.on("error", (error) => end(messageOf(error)));
      lines.on("line", (line) => {
        undo();
        if (!over && line !== "") events.line(line);
      });
    });
    const undo = this.#clock.after(withinMs, () => sent.destroy(new Error(`no answer within ${withinMs} ms`)));
    sent.on("error", (error) => end(messageOf(error)));
    sent.on("close", () => end("the connection was cut"));
    return () => {
      over = true;
      undo();
      sent.destroy();
    };
  }

  close(): void {
    this.#agent.destroy();
  }

  #send({ host, port }: Endpoint, { path, body, token }: Posted, answered: (response: IncomingMessage) => void) {
    const text = JSON.stringify(body);
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      // A member that is cut off from its cluster says so at once rather than keep us waiting (etcd's
      // WithRequireLeader; the gateway passes on what begins with Grpc-Metadata-).
      "grpc-metadata-hasleader": "true",
      ...(token === undefined ? {} : { authorization: token }),
    };
    const sent = this.#request({ host, port, path, method: "POST", agent: this.#agent, headers }, answered);
    sent.end(text);
    return sent;
  }
}
