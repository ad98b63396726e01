import { createPrivateKey, X509Certificate } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf, PcgError } from "../../base/error.ts";
import { syncFolder } from "../../base/sync-folder.edge.ts";
import type { Credentials } from "../connect.edge.ts";

/** Where a node's certificate was got, and is renewed; lies beside it. */
export interface Enrolled {
  readonly managers: readonly string[];
}

const FILES = { certificate: "certificate.pem", key: "key.pem", authority: "authority.pem" } as const;
const ENROLLED = "enrolled.json";
/** What is about to take a file's place. */
const NEXT = ".next";

/** All there may be in the folder of a node's credentials. */
export const CREDENTIAL_FILES: readonly string[] = [...Object.values(FILES), ENROLLED];

/** @throws CONFIG_UNREADABLE */
export function readCredentials(folder: string): Credentials {
  const read = (name: string) => readText(join(folder, name));
  const certificate = read(FILES.certificate);
  const next = join(folder, FILES.key + NEXT);
  // Cut short between the two: the certificate is the new one's already.
  const key = existsSync(next) && belongs(certificate, readText(next)) ? readText(next) : read(FILES.key);
  return { certificate, key, authority: read(FILES.authority) };
}

/** Those that go together: half of a set is none. @throws CONFIG_UNREADABLE */
export function readWholeCredentials(folder: string): Credentials {
  const credentials = readCredentials(folder);
  if (!belongs(credentials.certificate, credentials.key))
    throw new PcgError("CONFIG_UNREADABLE", {
      file: join(folder, FILES.certificate),
      why: "it is not that of key.pem",
    });
  if (!isCertificate(credentials.authority))
    throw new PcgError("CONFIG_UNREADABLE", { file: join(folder, FILES.authority), why: "it is no certificate" });
  return credentials;
}

/** Undefined: somebody laid the certificate there, and sees to it. @throws CONFIG_UNREADABLE */
export function readEnrolled(folder: string): Enrolled | undefined {
  const file = join(folder, ENROLLED);
  if (!existsSync(file)) return undefined;
  const text = readText(file);
  try {
    return JSON.parse(text) as Enrolled;
  } catch (error) {
    throw new PcgError("CONFIG_UNREADABLE", { file, why: messageOf(error) }, error);
  }
}

/** Durable when it returns, and at no moment a certificate without its key. */
export function writeCredentials(folder: string, credentials: Credentials, enrolled?: Enrolled): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const order = ["authority", "certificate", "key"] as const;
  for (const name of order) writeDurably(folder, FILES[name] + NEXT, credentials[name]);
  if (enrolled) writeDurably(folder, ENROLLED + NEXT, `${JSON.stringify(enrolled, null, 2)}\n`);
  syncFolder(folder);
  for (const file of [...order.map((name) => FILES[name]), ...(enrolled ? [ENROLLED] : [])]) {
    renameSync(join(folder, file + NEXT), join(folder, file));
    syncFolder(folder);
  }
}

function belongs(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new PcgError("CONFIG_UNREADABLE", { file, why: messageOf(error) }, error);
  }
}

function writeDurably(folder: string, name: string, text: string): void {
  // Made anew, and through no link: root writes here into a folder of another user's.
  rmSync(join(folder, name), { force: true });
  const fd = openSync(join(folder, name), "wx", 0o600);
  try {
    fchmodSync(fd, 0o600);
    // Root enrols a machine; the daemon that reads and renews this is another user.
    const { uid, gid } = statSync(folder);
    if (process.getuid?.() === 0) fchownSync(fd, uid, gid);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
