import { createReadStream, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, PcgError } from "../../base/error.ts";
import { systemClock } from "../../base/system-clock.edge.ts";
import { complain, print, printJson } from "../../base/terminal.edge.ts";
import { ByteSource } from "../../upgrade/byte-source.ts";
import { download } from "../../upgrade/download.edge.ts";
import { MountedFiles } from "../../upgrade/files.edge.ts";
import { Box } from "../../upgrade/host.edge.ts";
import type { TrustedKey } from "../../upgrade/signature.ts";
import { statusOf, statusText } from "../../upgrade/status.ts";
import { SlotStore } from "../../upgrade/store.ts";
import { lockFile } from "../../upgrade/system-calls.edge.ts";
import { type Result, Upgrader } from "../../upgrade/upgrader.ts";
import { limitMs, type Options } from "./options.ts";

const LIVE_LIMIT_SECONDS = 120;
const BOOT_LIMIT_SECONDS = 300;

function open(options: Options) {
  const store = new SlotStore(new MountedFiles(options.store));
  const upgrader = new Upgrader({ store, host: new Box(options), clock: systemClock, say: complain });
  return { store, upgrader };
}

/** One at a time; and it goes on when the operator's connection ends. */
function openAlone(options: Options): Upgrader {
  mkdirSync(options.run, { recursive: true });
  lockFile(join(options.run, "lock"));
  process.on("SIGHUP", () => undefined);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return open(options).upgrader;
}

export async function install(from: string | undefined, options: Options): Promise<number> {
  if (from === undefined) throw new PcgError("API_BAD_REQUEST", { missing: "FILE, URL or -" });
  const upgrader = openAlone(options);
  const trusted = trustedKeys(options.keys);
  const source = new ByteSource(withProgress(await contentOf(from)));
  return told(
    await upgrader.install(source, {
      ...{ trusted, allowDowngrade: options["allow-downgrade"], reboot: !options["no-reboot"] },
      limitMs: limitMs(options, LIVE_LIMIT_SECONDS),
    }),
  );
}

export async function rollback(options: Options): Promise<number> {
  const limit = limitMs(options, LIVE_LIMIT_SECONDS);
  return told(await openAlone(options).rollback({ reboot: !options["no-reboot"], limitMs: limit }));
}

export async function confirm(options: Options): Promise<number> {
  const limit = limitMs(options, BOOT_LIMIT_SECONDS);
  return told(await openAlone(options).confirm({ limitMs: limit }));
}

export async function showStatus(options: Options): Promise<number> {
  const { store, upgrader } = open(options);
  const status = statusOf(await upgrader.disk(), await store.outcome());
  if (options.json) printJson(status);
  else print(statusText(status));
  return 0;
}

const endings: Record<Result, string> = {
  good: "done: it is healthy and stays",
  returned: "the version before is back",
  rebooting: "the next boot decides; pcg-upgrade status says how it came out",
  unchanged: "nothing to do",
};

function told(result: Result): number {
  print(endings[result]);
  return result === "returned" ? 1 : 0;
}

function trustedKeys(folder: string): TrustedKey[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".pem"));
    return names.map((name) => ({ name, pem: readFileSync(join(folder, name), "utf8") }));
  } catch (error) {
    throw new PcgError("UPGRADE_NOT_SIGNED", { keys: folder, why: messageOf(error) }, error);
  }
}

async function contentOf(from: string): Promise<AsyncIterable<Uint8Array>> {
  if (from === "-") return process.stdin;
  if (!/^https?:\/\//.test(from)) return createReadStream(from, { highWaterMark: 2 ** 20 });
  return download(from);
}

const SAY_EACH_BYTES = 50 * 2 ** 20;

/** Says every so often how much came; a stream that breaks off is an error that says where. */
async function* withProgress(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let [seen, told] = [0, 0];
  try {
    for await (const piece of content) {
      yield piece;
      seen += piece.length;
      if (seen < told + SAY_EACH_BYTES) continue;
      told = seen;
      complain(`${Math.round(seen / 2 ** 20)} MiB came`);
    }
  } catch (error) {
    if (error instanceof PcgError) throw error;
    throw new PcgError("CONFIG_UNREADABLE", { bytes: seen, why: messageOf(error) }, error);
  }
}
