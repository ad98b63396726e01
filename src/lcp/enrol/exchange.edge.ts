import type { IncomingMessage } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { PeerCertificate } from "node:tls";
import { messageOf, PcgError } from "../../base/error.ts";
import { identityIn } from "../identity.ts";
import { HANDSHAKE_MS } from "../sockets.ts";

/** The longest answer: a chain and a root. */
const MOST_BYTES = 64 * 1024;
/** For all of it: one that says a byte now and then is not waited for. */
const WHOLE_MS = 30_000;

export interface Exchange {
  /** Such as `https://10.99.250.10`. */
  readonly manager: string;
  readonly path: string;
  /** Left out: GET. */
  readonly body?: object;
  /** Whom the manager's certificate must be from, PEM; undefined: not known yet, and nothing said is believed. */
  readonly authority: string | undefined;
  /** What to show. */
  readonly as?: { readonly certificate: string; readonly key: string };
}

/**
 * Asks a manager, on a connection of its own.
 *
 * @throws ENROL_UNREACHABLE, ENROL_REFUSED with the manager's own code and words, ENROL_BAD_ANSWER
 */
export async function exchange({ manager, path, body, authority, as }: Exchange): Promise<unknown> {
  const text = body && JSON.stringify(body);
  const options: RequestOptions = {
    method: text === undefined ? "GET" : "POST",
    agent: false,
    timeout: HANDSHAKE_MS,
    signal: AbortSignal.timeout(WHOLE_MS),
    minVersion: "TLSv1.3",
    headers:
      text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
    ...(as ? { cert: as.certificate, key: as.key } : {}),
    ...(authority === undefined
      ? { rejectUnauthorized: false }
      : { ca: authority, checkServerIdentity: (_host: string, its: PeerCertificate) => mustBeManager(its) }),
  };
  const { status, answer } = await send(new URL(path, manager), options, text).catch((error) => {
    throw new PcgError("ENROL_UNREACHABLE", { manager, why: messageOf(error) }, error);
  });
  const said = parsed(answer, manager);
  if (status === 200) return said;
  const { code, message } = said as { code?: unknown; message?: unknown };
  throw new PcgError("ENROL_REFUSED", { manager, status, code, why: message });
}

/** Nodes have certificates of the same authority. */
function mustBeManager({ subjectaltname }: PeerCertificate): Error | undefined {
  return identityIn(subjectaltname)?.role === "manager" ? undefined : new Error("the other end is no manager");
}

function send(url: URL, options: RequestOptions, body: string | undefined) {
  return new Promise<{ status: number; answer: string }>((resolve, reject) => {
    const asked = request(url, options, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) response.destroy(new Error("the answer is too long"));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, answer: Buffer.concat(chunks).toString() }));
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer in ${HANDSHAKE_MS} ms`)));
    asked.on("error", reject);
    asked.end(body);
  });
}

function parsed(answer: string, manager: string): object {
  try {
    const value: unknown = JSON.parse(answer);
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw new PcgError("ENROL_BAD_ANSWER", { manager, why: messageOf(error) }, error);
  }
  throw new PcgError("ENROL_BAD_ANSWER", { manager, why: "is no object" });
}
