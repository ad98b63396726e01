import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { median } from "./statistics.ts";

/**
 * Real conversations between far ends:
 *
 *     talker.ts serve PORT                     answers every message with one as long
 *     talker.ts turns ADDRESS PORT COUNT       one connection, so many requests; prints the median turn in µs
 *     talker.ts connections ADDRESS PORT COUNT so many connections, one after the other, a request each; prints how many
 */
const [mode, ...args] = process.argv.slice(2);
const WARM_UP = 200;

function serve(port: number): void {
  createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.pipe(socket);
  }).listen(port, "0.0.0.0");
}

async function dial(address: string, port: number): Promise<Socket> {
  const socket = connect({ host: address, port, noDelay: true });
  await once(socket, "connect");
  return socket;
}

async function turn(socket: Socket): Promise<void> {
  const answer = once(socket, "data");
  socket.write("ping");
  await answer;
}

async function turns(address: string, port: number, count: number): Promise<number> {
  const socket = await dial(address, port);
  const times: number[] = [];
  for (let n = 0; n < WARM_UP + count; n++) {
    const start = performance.now();
    await turn(socket);
    if (n >= WARM_UP) times.push((performance.now() - start) * 1_000);
  }
  socket.destroy();
  return median(times);
}

async function connections(address: string, port: number, count: number): Promise<number> {
  for (let n = 0; n < count; n++) {
    const socket = await dial(address, port);
    await turn(socket);
    socket.end();
    await once(socket, "close");
  }
  return count;
}

const [address = "", port = 0, count = 0] = [args[0], Number(args[1]), Number(args[2])];
if (mode === "serve") serve(Number(address));
if (mode === "turns") process.stdout.write(`${await turns(address, port, count)}\n`);
if (mode === "connections") process.stdout.write(`${await connections(address, port, count)}\n`);
