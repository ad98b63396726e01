import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

/** One call of a query API, as it went over the wire. */
export interface Call {
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Recorder {
  readonly url: string;
  readonly calls: readonly Call[];
  stop(): Promise<void>;
}

/** Stands before an API on this machine and keeps what was asked of it, for not all that is asked can be seen afterwards. */
export async function recordBefore(port: number): Promise<Recorder> {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { Action: action = "", Version: _, ...parameters } = Object.fromEntries(new URLSearchParams(body));
    calls.push({ action, parameters });
    const headers = { authorization: request.headers.authorization ?? "", "content-type": FORM };
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/xml" });
    response.end(await answer.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const FORM = "application/x-www-form-urlencoded";
