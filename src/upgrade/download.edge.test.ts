import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { download } from "./download.edge.ts";

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Says what it is given to whoever connects, and closes. */
async function servePlain(said: Buffer): Promise<string> {
  const server = createTcpServer((socket) => void socket.on("error", () => undefined).end(said)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bytesOf(content: AsyncIterable<Uint8Array>, pauseMs = 0): Promise<number> {
  let bytes = 0;
  for await (const piece of content) {
    bytes += piece.length;
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return bytes;
}

test("download gives a slow reader all of it, though the server has closed the connection long ago", async () => {
  const body = Buffer.alloc(2_000_000, 1);
  const head = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`);
  const endless = Buffer.from("HTTP/1.0 200 OK\r\n\r\n");
  for (const start of [head, endless]) {
    const url = await servePlain(Buffer.concat([start, body]));
    expect(await bytesOf(await download(url), 1)).toBe(body.length);
  }
});

test("download goes where it is sent, though not for ever", async () => {
  const url = await serve(({ url: path }, answer) => {
    if (path === "/there") answer.end("here");
    else answer.writeHead(302, { location: path === "/moved" ? "there" : "/again" }).end();
  });
  expect(await bytesOf(await download(`${url}/moved`))).toBe(4);
  await expect(download(`${url}/again`)).rejects.toThrow("more than 5 redirects");
});

test("download says what it could not have", async () => {
  const url = await serve((_, answer) => void answer.writeHead(404).end());
  await expect(download(url)).rejects.toThrow(/CONFIG_UNREADABLE.*status=404/);
  await expect(download("http://127.0.0.1:1/")).rejects.toThrow(/CONFIG_UNREADABLE.*ECONNREFUSED/);
  const moved = await serve((_, answer) => void answer.writeHead(301, { location: "file:///etc/passwd" }).end());
  await expect(download(moved)).rejects.toThrow("neither http nor https");
});

test("what breaks off is not taken for the whole", async () => {
  const url = await servePlain(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
  await expect(bytesOf(await download(url))).rejects.toThrow("aborted");
});
