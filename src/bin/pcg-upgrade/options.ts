import { parseArgs } from "node:util";
import { PcgError } from "../../base/error.ts";

/** What was asked for on the command line. */
export function readOptions(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "allow-downgrade": { type: "boolean", default: false },
      "no-reboot": { type: "boolean", default: false },
      limit: { type: "string" },
      store: { type: "string", default: "/store" },
      product: { type: "string", default: "/opt/pcg" },
      run: { type: "string", default: "/run/pcg-upgrade" },
      keys: { type: "string", default: "/usr/share/pcg/upgrade-keys" },
      slot: { type: "string" },
      version: { type: "string" },
      key: { type: "string" },
      public: { type: "string" },
      out: { type: "string" },
      kernel: { type: "string" },
      "built-at": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
}

export type Options = ReturnType<typeof readOptions>["values"];

/** @throws API_BAD_REQUEST */
export function needed(options: Options, name: "slot" | "version" | "key" | "public" | "out"): string {
  const value = options[name];
  if (value === undefined) throw new PcgError("API_BAD_REQUEST", { missing: `--${name}` });
  return value;
}

/** @throws API_BAD_REQUEST */
export function limitMs({ limit }: Options, otherwise: number): number {
  if (limit === undefined) return otherwise * 1_000;
  if (!/^[1-9]\d{0,4}$/.test(limit)) throw new PcgError("API_BAD_REQUEST", { field: "--limit", value: limit });
  return Number(limit) * 1_000;
}
