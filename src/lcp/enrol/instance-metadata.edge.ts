import { messageOf, PcgError } from "../../base/error.ts";

/** EC2's instance metadata service, version 2. */
export const METADATA = "http://169.254.169.254";
const TIMEOUT_MS = 5_000;
const TOKEN_SECONDS = "60";

/** What proves which EC2 instance this is. */
export interface InstanceProof {
  readonly document: string;
  /** Base64 of CMS SignedData. */
  readonly signature: string;
}

/** @throws ENROL_UNREACHABLE where there is no such service */
export async function instanceProof(base: string): Promise<InstanceProof> {
  const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS };
  const token = await ask(`${base}/latest/api/token`, { method: "PUT", headers: ttl });
  const headers = { "x-aws-ec2-metadata-token": token };
  const identity = `${base}/latest/dynamic/instance-identity`;
  return {
    document: await ask(`${identity}/document`, { headers }),
    signature: await ask(`${identity}/rsa2048`, { headers }),
  };
}

async function ask(url: string, options: RequestInit): Promise<string> {
  try {
    const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
    if (answer.ok) return await answer.text();
    throw new Error(`status ${answer.status}`);
  } catch (error) {
    throw new PcgError("ENROL_UNREACHABLE", { metadata: url, why: messageOf(error) }, error);
  }
}
