import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { instanceProof } from "./instance-metadata.edge.ts";

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("instanceProof asks for a token and shows it", async () => {
  const base = await serve(({ method, url, headers }, answer) => {
    if (method === "PUT") answer.end("tok");
    else answer.end(`${headers["x-aws-ec2-metadata-token"]} ${url?.split("/").at(-1)}`);
  });
  expect(await instanceProof(base)).toEqual({ document: "tok document", signature: "tok rsa2048" });
});

test("instanceProof reads no endless answer, and follows nobody elsewhere", async () => {
  const endless = await serve((_, answer) => {
    const more = () => {
      while (!answer.destroyed && answer.write("x".repeat(65_536)));
    };
    answer.on("drain", more).on("error", () => undefined);
    more();
  });
  await expect(instanceProof(endless)).rejects.toThrow(/ENROL_UNREACHABLE.*too long/);
  const elsewhere = await serve((_, answer) => void answer.writeHead(302, { location: endless }).end());
  await expect(instanceProof(elsewhere)).rejects.toThrow(/ENROL_UNREACHABLE.*status 302/);
});
