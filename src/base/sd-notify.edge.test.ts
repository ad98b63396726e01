import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { expect, onTestFinished, test } from "vitest";
import { ServiceManager } from "./sd-notify.edge.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Node has no datagram socket with a path. */
const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int domain, int type, int protocol)") as (
  d: number,
  t: number,
  p: number,
) => number;
const bind = libc.func("int bind(int fd, const void *address, uint32_t length)") as (
  fd: number,
  address: Uint8Array,
  length: number,
) => number;
const recv = libc.func("int64_t recv(int fd, void *buffer, size_t length, int flags)") as (
  fd: number,
  buffer: Uint8Array,
  length: number,
  flags: number,
) => number;
const close = libc.func("int close(int fd)") as (fd: number) => number;
const [AF_UNIX, SOCK_DGRAM, MSG_DONTWAIT] = [1, 2, 0x40];

/** A service manager's socket: what it hears since it was asked last. */
function listener(variables: Record<string, string> = {}): () => string[] {
  const folder = mkdtempSync(join(tmpdir(), "notify-"));
  const path = join(folder, "socket");
  const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  const address = Buffer.from(`\0\0${path}\0`);
  address.writeUInt16LE(AF_UNIX);
  expect(bind(fd, address, address.length)).toBe(0);
  Object.assign(process.env, { NOTIFY_SOCKET: path, ...variables });
  onTestFinished(() => {
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete process.env[name];
    close(fd);
    rmSync(folder, { recursive: true });
  });
  return () => {
    const heard: string[] = [];
    const buffer = Buffer.alloc(4_096);
    for (;;) {
      const length = recv(fd, buffer, buffer.length, MSG_DONTWAIT);
      if (length < 0) return heard;
      heard.push(buffer.toString("utf8", 0, length));
    }
  };
}

test("ServiceManager tells that it serves, twice in the watchdog's time that it turns, and that it goes", () => {
  const heard = listener({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: `${process.pid}` });
  const clock = new VirtualClock();
  const manager = new ServiceManager(clock);
  let n = 1;
  manager.status("starting");
  manager.ready(() => `pass ${n++}`);
  expect(heard()).toEqual(["STATUS=starting", "READY=1\nSTATUS=pass 1"]);
  clock.advance(14_999);
  expect(heard()).toEqual([]);
  clock.advance(15_001);
  expect(heard()).toEqual(["WATCHDOG=1\nSTATUS=pass 2", "WATCHDOG=1\nSTATUS=pass 3"]);
  manager.stopping();
  clock.advance(60_000);
  expect(heard()).toEqual(["STOPPING=1"]);
});

test.each([
  ["there is none", {}],
  ["it is another process's", { WATCHDOG_USEC: "30000000", WATCHDOG_PID: "1" }],
])("ServiceManager does not feed the watchdog when %s", (_, variables) => {
  const heard = listener(variables);
  const clock = new VirtualClock();
  new ServiceManager(clock).ready(() => "serving");
  clock.advance(600_000);
  expect(heard()).toEqual(["READY=1\nSTATUS=serving"]);
});

test("ServiceManager keeps a status to its one field", () => {
  const heard = listener();
  new ServiceManager(new VirtualClock()).status("bad\nMAINPID=1");
  expect(heard()).toEqual(["STATUS=bad MAINPID=1"]);
});

test("ServiceManager tells nobody, and looks for nothing, when nobody asked", () => {
  const clock = new VirtualClock();
  const manager = new ServiceManager(clock);
  let asked = 0;
  manager.ready(() => `${asked++}`);
  manager.stopping();
  clock.advance(600_000);
  expect(asked).toBe(0);
});
