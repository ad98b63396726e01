import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { answerMetadata, type MetadataFile } from "./metadata.ts";

/**
 * The metadata service of a VPC's instances, as a program of its own: `metadata-host.edge.ts FILE [ADDRESS [PORT]]`. FILE
 * is a JSON document of {@link MetadataFile} and is looked at for every question: whoever changes it changes the world,
 * best by putting another in its place at once.
 */
const [file = "metadata.json", address = "169.254.169.254", port = "80"] = process.argv.slice(2);

let seen = "";
let world: MetadataFile = { instances: [] };

/** One that is half-written counts as the one before. */
function read(): MetadataFile {
  const { ino, size, mtimeMs } = statSync(file);
  const identity = `${ino} ${size} ${mtimeMs}`;
  try {
    if (identity !== seen) world = JSON.parse(readFileSync(file, "utf8"));
    seen = identity;
  } catch (error) {
    process.stderr.write(`metadata: ${file}: ${error}\n`);
  }
  return world;
}

createServer(async (request, response) => {
  const { method = "GET", url = "/", headers, socket } = request;
  const from = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  request.resume();
  const { status, body, delayMs } = answerMetadata(read(), { method, url, headers, from, at: Date.now() });
  await sleep(delayMs);
  process.stdout.write(`${from} ${method} ${url} ${status}\n`);
  response.writeHead(status, { "content-type": "text/plain", "content-length": body.length }).end(body);
}).listen(Number(port), address);
