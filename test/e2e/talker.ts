import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { parseArgs } from "node:util";

/**
 * One end of a conversation, run inside a namespace:
 *
 *     talker.ts echo PORT          answers whatever comes, TCP and UDP, with itself
 *     talker.ts tcp ADDRESS PORT   sends --bytes of noise; prints how many came back, -1 when they had changed
 *     talker.ts udp ADDRESS PORT   --count datagrams, the next --every ms after the answer; prints how many came back
 *     talker.ts hold ADDRESS PORT  opens TCP and keeps it busy until its standard input ends; then closes or --reset
 *     talker.ts again ADDRESS PORT --count connections, one after the other from the same port, each reset at its end;
 *                                  prints how many carried all they were given
 */
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    bytes: { type: "string", default: "3000000" },
    count: { type: "string", default: "60" },
    every: { type: "string", default: "5" },
    /** The port it sends from; 0: any. */
    from: { type: "string", default: "0" },
    /** Every third datagram has so many bytes more. */
    large: { type: "string", default: "0" },
    reset: { type: "boolean", default: false },
  },
});
const [mode, address = "", port = ""] = positionals;
const [bytes, count, every, from, large] = [
  options.bytes,
  options.count,
  options.every,
  options.from,
  options.large,
].map(Number) as [number, number, number, number, number];

const LOST_MS = 1_000;
const ROUNDS = 100;

const say = (result: number) => process.stdout.write(`${result}\n`);

function echo(at: number): void {
  createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  }).listen(at, "0.0.0.0");
  const udp = createSocket("udp4");
  udp.on("message", (message, sender) => udp.send(message, sender.port, sender.address));
  udp.bind(at);
}

const dial = async (): Promise<Socket> => {
  const socket = connect({ host: address, port: Number(port), localPort: from });
  await once(socket, "connect");
  return socket;
};

async function tcp(): Promise<void> {
  const sent = randomBytes(bytes);
  const socket = await dial();
  socket.write(sent);
  const back = createHash("sha256");
  let had = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    back.update(chunk);
    had += chunk.length;
    if (had === bytes) socket.end();
  }
  say(back.digest("hex") === createHash("sha256").update(sent).digest("hex") ? had : -1);
}

/** The socket's next message, "" when it never comes. */
const answer = (socket: ReturnType<typeof createSocket>): Promise<string> =>
  new Promise((resolve) => {
    const done = (text: string) => {
      clearTimeout(timer);
      socket.removeListener("message", heard);
      resolve(text);
    };
    const heard = (message: Buffer) => done(message.toString());
    const timer = setTimeout(done, LOST_MS, "");
    socket.on("message", heard);
  });

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function udp(): Promise<void> {
  const socket = createSocket("udp4");
  socket.bind(from);
  let back = 0;
  for (let n = 0; n < count; n++) {
    const text = `datagram ${n}`.padEnd(n % 3 === 2 ? large : 0, ".");
    const coming = answer(socket);
    socket.send(text, Number(port), address);
    if ((await coming) === text) back++;
    await pause(every);
  }
  socket.close();
  say(back);
}

async function hold(): Promise<void> {
  const socket = await dial();
  const beat = setInterval(() => socket.write("beat"), every);
  process.stdin.on("end", () => {
    clearInterval(beat);
    if (options.reset) socket.resetAndDestroy();
    else socket.end();
  });
  process.stdin.resume();
  socket.resume();
}

async function again(): Promise<void> {
  let whole = 0;
  for (let n = 0; n < count; n++) {
    const socket = await dial();
    let same = true;
    for (let round = 0; round < ROUNDS; round++) {
      const text = `connection ${n}, round ${round}`;
      socket.write(text);
      const [chunk] = (await once(socket, "data")) as [Buffer];
      same &&= chunk.toString() === text;
    }
    socket.resetAndDestroy();
    await once(socket, "close");
    if (same) whole++;
  }
  say(whole);
}

const modes: Record<string, () => unknown> = { echo: () => echo(Number(address)), tcp, udp, hold, again };
await modes[mode ?? ""]?.();
