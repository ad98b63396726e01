import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { messageOf, PcgError } from "../../base/error.ts";

/** EC2's instance metadata service, version 2. */
export const METADATA = "http://169.254.169.254";
const TIMEOUT_MS = 5_000;
const TOKEN_SECONDS = "60";
/** The document has some 500 bytes, its signature 2,000. */
const MOST_BYTES = 64 * 1024;

/** What proves which EC2 instance this is. */
export interface InstanceProof {
  readonly document: string;
  /** Base64 of CMS SignedData. */
  readonly signature: string;
}

/** @throws ENROL_UNREACHABLE where there is no such service */
export async function instanceProof(base: string): Promise<InstanceProof> {
  const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS, "content-length": 0 };
  const token = await ask(`${base}/latest/api/token`, { method: "PUT", headers: ttl });
  const headers = { "x-aws-ec2-metadata-token": token };
  const identity = `${base}/latest/dynamic/instance-identity`;
  return {
    document: await ask(`${identity}/document`, { headers }),
    signature: await ask(`${identity}/rsa2048`, { headers }),
  };
}

async function ask(url: string, options: RequestOptions): Promise<string> {
  try {
    return await send(url, options);
  } catch (error) {
    throw new PcgError("ENROL_UNREACHABLE", { metadata: url, why: messageOf(error) }, error);
  }
}

/** Within a time and a size. Not by fetch(): Node 24's ends the process when a server closes while nobody reads. */
const send = (url: string, options: RequestOptions) =>
  new Promise<string>((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const asked = request(url, { ...options, agent: false, signal }, (answer: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      if (answer.statusCode !== 200) answer.destroy(new Error(`status ${answer.statusCode}`));
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) answer.destroy(new Error("the answer is too long"));
        else chunks.push(chunk);
      });
      answer.on("error", reject);
      answer.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    asked.on("error", reject);
    asked.end();
  });
