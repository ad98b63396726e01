import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { AMIS_PATH, motoRoot } from "./root.ts";
import { type Element, parseXml } from "./xml.ts";

export const REGION = "eu-central-1";
const VERSIONS = { ec2: "2016-11-15", iam: "2010-05-08", cloudformation: "2010-05-15", sts: "2011-06-15" };
type Service = keyof typeof VERSIONS;

/** AWS's APIs, emulated, on this machine's loopback. */
export interface Moto {
  readonly port: number;
  /** Calls an API; throws what it refuses. */
  ask(service: Service, action: string, parameters?: Readonly<Record<string, string>>): Promise<Element>;
  stop(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const root = await motoRoot();
  const port = await freePort();
  const script = `from moto.server import main; main(["-H", "127.0.0.1", "-p", "${port}"])`;
  const child = spawn("chroot", [root, "python3", "-c", script], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", MOTO_AMIS_PATH: AMIS_PATH, PYTHONDONTWRITEBYTECODE: "1" },
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4000);
  });
  const url = `http://127.0.0.1:${port}/`;
  await answers(`${url}moto-api/`, () => child.exitCode !== null).catch((cause) => {
    throw new Error(`moto does not answer: ${said}`, { cause });
  });
  return {
    port,
    ask: (service, action, parameters = {}) => ask({ url, said: () => said }, service, action, parameters),
    stop: async () => {
      if (child.exitCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
  };
}

interface Server {
  readonly url: string;
  /** The end of its log, in which an exception of moto's own is told. */
  said(): string;
}

async function ask(server: Server, service: Service, action: string, parameters: Readonly<Record<string, string>>) {
  // moto reads from the signature which service is meant, and does not check it.
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const body = new URLSearchParams({ Action: action, Version: VERSIONS[service], ...parameters });
  const answer = await fetch(server.url, { method: "POST", headers: { authorization }, body });
  const text = await answer.text();
  if (!answer.ok)
    throw new Error(`${service} ${action}: ${answer.status} ${answer.status === 500 ? server.said() : text}`);
  return parseXml(text);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

async function answers(url: string, ended: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (ended() || performance.now() > deadline) throw error;
    }
    await wait(100);
  }
}
