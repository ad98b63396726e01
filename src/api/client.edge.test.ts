import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ask } from "./client.edge.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Something on a socket that says this, and perhaps goes on. */
async function serve(says: string, then: (socket: Socket) => void = (socket) => socket.end()): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "ask-"));
  undo.push(() => rmSync(folder, { recursive: true }));
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on("error", () => undefined));
    socket.once("data", () => {
      socket.write(says);
      then(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(join(folder, "s"), resolve));
  undo.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return join(folder, "s");
}

const OK = "HTTP/1.1 200 OK\r\n";

test("ask gives what was answered", async () => {
  expect(await ask(await serve(`${OK}Content-Length: 8\r\n\r\n{"a": 1}`), "/")).toEqual({ a: 1 });
});

test.each([
  ["no JSON", `${OK}Content-Length: 5\r\n\r\nhello`, "the answer is no JSON"],
  ["no HTTP", "hello\u001b[2J\r\n\r\n", expect.stringContaining("Parse Error")],
  ["nothing", "", expect.stringContaining("socket hang up")],
  ["half of it", `${OK}Content-Length: 50\r\n\r\n{"a`, "aborted"],
])("ask says of %s why it is no answer", async (_, says, why) => {
  await expect(ask(await serve(says), "/")).rejects.toMatchObject({ code: "API_BAD_REQUEST", detail: { why } });
});

test("ask reads an endless answer no further than its limit", async () => {
  const pour = (socket: Socket) => {
    const on = () => {
      while (!socket.destroyed && socket.write(" ".repeat(65_536)));
    };
    socket.on("drain", on);
    on();
  };
  const asked = ask(await serve(`${OK}\r\n`, pour), "/", { mostBytes: 1_000_000 });
  await expect(asked).rejects.toMatchObject({ detail: { why: "the answer has more than 1000000 bytes" } });
});

test("ask waits for an answer that drips no longer than its time", async () => {
  const drip = (socket: Socket) => {
    const timer = setInterval(() => socket.write(" "), 5);
    undo.push(() => clearInterval(timer));
  };
  const asked = ask(await serve(`${OK}\r\n`, drip), "/", { timeoutMs: 300 });
  await expect(asked).rejects.toMatchObject({ code: "API_BAD_REQUEST" });
});

test.each([
  ["there is no socket", async () => join(tmpdir(), "ask-none", "s"), "ENOENT"],
  ["nothing listens any more", gone, "ECONNREFUSED"],
])("ask says that the daemon is away where %s, names the socket and says what to do", async (_, where, why) => {
  const socket = await where();
  await expect(ask(socket, "/")).rejects.toMatchObject({
    code: "API_UNREACHABLE",
    detail: { socket, why: expect.stringContaining(why), hint: expect.stringContaining("systemctl status pcgd") },
  });
});

/** A socket file whose process was killed. */
async function gone(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "ask-"));
  undo.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "s");
  const listen = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", listen]);
  return path;
}
