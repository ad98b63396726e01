import { type IncomingMessage, get as overTcp } from "node:http";
import { get as overTls } from "node:https";
import { messageOf, PcgError } from "../base/error.ts";

/** Between two pieces, and before the first. */
const SILENCE_MS = 60_000;
const MOST_REDIRECTS = 5;

/**
 * What lies at a URL, piece by piece; one that breaks off is an error of the stream. Not by fetch(): Node 24's ends the
 * process when a server closes a connection from which nobody reads just then.
 * @throws CONFIG_UNREADABLE
 */
export async function download(from: string): Promise<AsyncIterable<Uint8Array>> {
  let url = new URL(from);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const answer = await ask(url);
    const { statusCode: status = 0, headers } = answer;
    if (status === 200) return answer;
    answer.destroy();
    if (headers.location === undefined || status < 300 || status > 399)
      throw new PcgError("CONFIG_UNREADABLE", { url: url.href, status });
    url = new URL(headers.location, url);
  }
  throw new PcgError("CONFIG_UNREADABLE", { url: from, why: `more than ${MOST_REDIRECTS} redirects` });
}

const ask = (url: URL) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const refuse = (why: string, cause?: unknown) =>
      reject(new PcgError("CONFIG_UNREADABLE", { url: url.href, why }, cause));
    if (!["http:", "https:"].includes(url.protocol)) return refuse("it is neither http nor https");
    const get = url.protocol === "https:" ? overTls : overTcp;
    const request = get(url, { timeout: SILENCE_MS }, resolve);
    request.on("error", (error) => refuse(messageOf(error), error));
    request.on("timeout", () => request.destroy(new Error(`nothing came for ${SILENCE_MS / 1_000} s`)));
  });
