import { appendFileSync, chownSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { ask } from "../../api/client.edge.ts";
import type { Status } from "../../api/status.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import type { BootPaths } from "../../boot/boot-paths.ts";
import { runCommand } from "../../boot/command.edge.ts";
import { putAway, readText, remove, writeWhole } from "../../boot/files.edge.ts";
import type { Host } from "../../boot/host.ts";
import { readMachine } from "../../boot/machine.edge.ts";
import { readNics } from "../../boot/nics.edge.ts";
import type { EnrolAccess } from "../../boot/user-data.ts";
import { Imds } from "../../cloud/imds.edge.ts";
import { readMetadata } from "../../cloud/read-metadata.ts";
import { readWholeCredentials } from "../../lcp/enrol/credentials.edge.ts";
import { instanceProof } from "../../lcp/enrol/instance-metadata.edge.ts";
import { readPin } from "../../lcp/enrol/pin.ts";
import { gatewayFacts } from "./gateway-facts.ts";

interface LinuxHostOptions {
  readonly paths: BootPaths;
  /** The metadata service. */
  readonly metadata: string;
  /** Whose the credentials are. */
  readonly user: string;
}

/** The machine this process runs on. */
export const linuxHost = ({ paths, metadata, user }: LinuxHostOptions): Host => ({
  metadata: () => readOnce(metadata),
  nics: async () => readNics(),
  read: readText,
  write: writeWhole,
  remove,
  putAway,
  run: async (argv) => void (await runCommand(argv)),
  hasCredentials: () => hasCredentials(paths.credentials),
  enrol: (manager) => enrol(manager, { folder: paths.credentials, user, metadata }),
  gateway: () => askGateway(paths.socket),
  machine: (routers) => readMachine(routers, dirname(paths.known)),
  console: (line) => say(paths.console, line),
});

async function readOnce(base: string) {
  const service = new Imds(base);
  try {
    return await readMetadata(service);
  } finally {
    service.close();
  }
}

function hasCredentials(folder: string): boolean {
  try {
    readWholeCredentials(folder);
    return true;
  } catch {
    return false;
  }
}

interface Enrolling {
  readonly folder: string;
  readonly user: string;
  readonly metadata: string;
}

async function enrol({ urls, pin, token, unit }: EnrolAccess, { folder, user, metadata }: Enrolling): Promise<void> {
  // What makes keys and requests is a third of this program, and is needed once in a machine's life.
  const { enrolFirst } = await import("../../lcp/enrol/first-enrolment.edge.ts");
  ownedFolder(folder, user);
  const managers = urls.map((url) => new URL(url).origin);
  const proof =
    token === undefined ? { ...(await instanceProof(metadata)), role: "gateway" as const, id: unit } : { token };
  await enrolFirst({ managers, pin: readPin(pin) ?? pin, proof, folder });
}

/** Files in it become its owner's. @throws BOOT_FILE_UNWRITABLE */
function ownedFolder(folder: string, user: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const row = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .find(([name]) => name === user);
    if (!row) throw new Error(`there is no user ${user}`);
    chownSync(folder, Number(row[2]), Number(row[3]));
  } catch (error) {
    throw new PcgError("BOOT_FILE_UNWRITABLE", { file: folder, why: messageOf(error) }, error);
  }
}

async function askGateway(socket: string) {
  try {
    return gatewayFacts((await ask(socket, "/status")) as Status);
  } catch (error) {
    return error instanceof PcgError && error.detail["why"] ? String(error.detail["why"]) : messageOf(error);
  }
}

/** A console that is not there is nobody's to hear. */
function say(console: string, line: string): void {
  try {
    appendFileSync(console, `${line}\r\n`);
  } catch {}
}
