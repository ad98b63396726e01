import { createServer } from "node:http";

/** A web server on port 80 that greets by name and says which address it saw. Runs as a program of its own. */
const name = process.argv[2] ?? "somebody";

createServer((request, response) => {
  const seen = request.socket.remoteAddress?.replace(/^::ffff:/, "");
  response.writeHead(200, { "content-type": "text/plain", connection: "close" });
  response.end(`hello from ${name}, you are ${seen}\n`);
}).listen(80, "0.0.0.0");
