import { closeSync, openSync } from "node:fs";
import koffi from "koffi";
import type { Namespace } from "./namespace.ts";

const setns = koffi.load("libc.so.6").func("int setns(int fd, int type)") as (fd: number, type: number) => number;

/** From now on this process opens its sockets in there, and so do those that it starts. Its undo comes back. */
export function inside({ name }: Namespace): () => void {
  const home = openSync("/proc/thread-self/ns/net", "r");
  go(openSync(`/run/netns/${name}`, "r"));
  return () => go(home);
}

function go(file: number): void {
  const failed = setns(file, 0);
  closeSync(file);
  if (failed) throw new Error("setns failed");
}
