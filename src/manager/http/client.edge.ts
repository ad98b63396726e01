import { Agent, request } from "node:https";
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { isErrorCode, messageOf, PcgError } from "../../base/error.ts";
import { identityIn } from "../../lcp/identity.ts";

export interface ManagerClientOptions {
  /** Such as `https://10.99.250.10:443`. */
  readonly url: string;
  readonly token: string;
  /** PEM of the authority that the manager's certificate is from. */
  readonly authority: string;
  /** A request that takes longer has failed. */
  readonly timeoutMs?: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Longer answers than any page has. */
const MOST_BYTES = 256 * 1_048_576;

/** Asks a manager. Everything throws what the manager says is wrong, as its own code, or MANAGER_UNREACHABLE. */
export class ManagerClient {
  readonly #options: ManagerClientOptions;
  readonly #agent: Agent;

  constructor(options: ManagerClientOptions) {
    this.#options = options;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      ca: options.authority,
      checkServerIdentity: mustBeManager,
    });
  }

  async get(path: string): Promise<Json> {
    return (await this.#ask("GET", path)) as Json;
  }

  /** All of a collection, page after page. */
  async list(path: string, pageSize = 1_000): Promise<readonly Json[]> {
    const all: Json[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const query = new URLSearchParams({ page_size: String(pageSize), ...(cursor === "" ? {} : { cursor }) });
      const page = (await this.#ask("GET", `${path}?${query}`)) as { results: Json[]; cursor?: string };
      all.push(...page.results);
      cursor = page.cursor;
    }
    return all;
  }

  /** @returns the object as it is now */
  async put(path: string, body: unknown): Promise<Json> {
    return (await this.#ask("PUT", path, body)) as Json;
  }

  async patch(path: string, body: unknown): Promise<void> {
    await this.#ask("PATCH", path, body);
  }

  async post(path: string, body: unknown): Promise<Json> {
    return (await this.#ask("POST", path, body)) as Json;
  }

  async delete(path: string): Promise<void> {
    await this.#ask("DELETE", path);
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const { url, token, timeoutMs = 30_000 } = this.#options;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const failed = (why: string, cause?: unknown) =>
      new PcgError("MANAGER_UNREACHABLE", { url, method, path, why }, cause);
    return new Promise((resolve, reject) => {
      const asked = request(
        new URL(path, url),
        {
          method,
          agent: this.#agent,
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            authorization: `Bearer ${token}`,
            ...(text === undefined
              ? {}
              : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
          },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          answer.on("data", (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > MOST_BYTES) answer.destroy(new Error(`the answer has more than ${MOST_BYTES} bytes`));
            else chunks.push(chunk);
          });
          answer.on("error", (error) => reject(failed(messageOf(error), error)));
          answer.on("end", () => {
            try {
              resolve(read(answer.statusCode ?? 0, Buffer.concat(chunks).toString("utf8")));
            } catch (error) {
              reject(error instanceof PcgError ? error : failed("the answer is no JSON", error));
            }
          });
        },
      );
      asked.on("error", (error) => reject(failed(messageOf(error), error)));
      asked.end(text);
    });
  }
}

/** @throws what a failure says */
function read(status: number, text: string): unknown {
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  if (status === 200) return body;
  const {
    code = "",
    error_message: why,
    field,
    value,
    details,
    hint,
  } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const known = typeof code === "string" && isErrorCode(code) ? code : "MANAGER_UNREACHABLE";
  throw new PcgError(known, { status, field, value, why, details, hint });
}

/** A manager of this authority is one by whatever name it is asked; nothing else of this authority is one. */
function mustBeManager(host: string, certificate: PeerCertificate): Error | undefined {
  const identity = identityIn(certificate.subjectaltname);
  if (identity?.role === "manager") return undefined;
  if (identity) return new Error(`${host} is the ${identity.role} ${identity.id}, and no manager`);
  return checkServerIdentity(host, certificate);
}

/**
 * The certificate of the authority, where only its fingerprint is known: it is one of those that the manager shows. What
 * was shown with it is still to be checked, as every connection with it does.
 *
 * @param pin SHA-256 of the authority's certificate (DER), in hex, with or without colons
 * @returns PEM for {@link ManagerClientOptions.authority} @throws MANAGER_UNREACHABLE
 */
export function authorityByPin(url: string, pin: string, timeoutMs = 10_000): Promise<string> {
  const { hostname, port } = new URL(url);
  const wanted = pin.replaceAll(":", "").toLowerCase();
  return new Promise((resolve, reject) => {
    const failed = (why: string) => reject(new PcgError("MANAGER_UNREACHABLE", { url, why }));
    const socket = connect({
      host: hostname,
      port: Number(port || 443),
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    socket.once("secureConnect", () => {
      const found = shownBy(socket).find((one) => one.fingerprint256.replaceAll(":", "").toLowerCase() === wanted);
      socket.destroy();
      if (found) resolve(pemOf(found.raw));
      else failed("it shows no certificate with the fingerprint that was pinned");
    });
    socket.once("timeout", () => socket.destroy(new Error("no answer")));
    socket.once("error", (error) => failed(messageOf(error)));
  });
}

/** The server's certificate and those up to its authority's; the last one is its own issuer. */
function shownBy(socket: TLSSocket): PeerCertificate[] {
  const shown: PeerCertificate[] = [];
  for (let one = socket.getPeerCertificate(true); one?.raw && !shown.includes(one); one = one.issuerCertificate)
    shown.push(one);
  return shown;
}

const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der
    .toString("base64")
    .replaceAll(/(.{64})/g, "$1\n")
    .trimEnd()}\n-----END CERTIFICATE-----\n`;
