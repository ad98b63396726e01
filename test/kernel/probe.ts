// Asks others over the network and says what they answered. For test/kernel/prober.ts, which starts it in a namespace.
//   probe.ts UID    each line of stdin: ID PROTOCOL ADDRESS PORT MS; each line of stdout: ID and the answer's first word
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { createInterface } from "node:readline";

type Answered = (answer: string) => void;

function overTcp(address: string, port: number, answered: Answered): () => void {
  const socket = connect(port, address, () => socket.write("here\n"));
  socket.on("data", (data) => answered(String(data)));
  socket.on("error", () => undefined);
  return () => socket.destroy();
}

function overUdp(address: string, port: number, answered: Answered): () => void {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (data) => answered(String(data)));
  socket.on("error", () => undefined);
  socket.send("here\n", port, address, () => undefined);
  return () => socket.close();
}

const uid = Number(process.argv[2]);
if (uid !== 0) {
  process.setgroups?.([]);
  process.setgid?.(uid);
  process.setuid?.(uid);
}
process.stderr.write("ready");
createInterface({ input: process.stdin }).on("line", (line) => {
  const [id = "", protocol, address = "", port, ms] = line.split(" ");
  const answered = (answer: string) => {
    clearTimeout(limit);
    close();
    process.stdout.write(`${id} ${answer.trim()}\n`);
  };
  const limit = setTimeout(() => answered(""), Number(ms));
  const close = (protocol === "tcp" ? overTcp : overUdp)(address, Number(port), answered);
});
