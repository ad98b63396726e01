import { readFileSync, writeFileSync } from "node:fs";
import { messageOf, PcgError } from "../base/error.ts";
import type { ObjectOf } from "../model/kernel-object.ts";

const pathOf = (name: string) => `/proc/sys/${name}`;

/** Those of `owned` that do not have their restore value; a setting whose link is not there yet is not there either. */
export function readSysctls(owned: readonly ObjectOf<"sysctl">[]): ObjectOf<"sysctl">[] {
  return owned.flatMap((o) => {
    const value = readSetting(o.name);
    return value === undefined || value === o.restore ? [] : [{ ...o, value }];
  });
}

/** Undefined: there is no such setting, as of a link that is gone. */
export function readSetting(name: string): string | undefined {
  try {
    return readFileSync(pathOf(name), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** @throws KERNEL_REFUSED */
export function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(pathOf(name), value);
  } catch (error) {
    throw new PcgError("KERNEL_REFUSED", { what: `sysctl ${name}=${value}`, why: messageOf(error) }, error);
  }
}

/** A number under /proc/sys, or 0 when it is not there. */
export const sysctlNumber = (name: string): number => Number(readSetting(name) ?? 0);
