import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { answerMetadata, type MetadataFaults } from "../lab/metadata.ts";
import { metadataOf } from "../lab/metadata-of.ts";
import { topology } from "../lab/topology.ts";
import { Imds } from "./imds.edge.ts";
import { readMetadata } from "./read-metadata.ts";

const [unit] = topology.units;
if (!unit) throw new Error("the laboratory has no unit");
const instance = metadataOf(topology, unit, { userData: "#cloud-config\n" });

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** The laboratory's service on a port of this machine; the questions it heard. */
async function serve(faults: MetadataFaults = {}) {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    heard.push(`${method} ${url}`);
    const question = { method, url, headers, from: "10.99.2.10", at: Date.now() };
    const { status, body } = answerMetadata({ instances: [{ ...instance, faults }] }, question);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => server.close());
  const imds = new Imds(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  undo.push(() => imds.close());
  return { imds, heard };
}

test("Imds asks for one token and reads all with it", async () => {
  const { imds, heard } = await serve();
  expect(await readMetadata(imds)).toMatchObject({ instanceId: instance.id, interfaces: [{}, {}, {}] });
  expect(heard.filter((line) => line === "PUT /latest/api/token")).toHaveLength(1);
});

test.each([
  [{ status: 403 }, "CLOUD_METADATA_REFUSED"],
  [{ isVersion1: true }, "CLOUD_METADATA_REFUSED"],
  [{ isEmpty: true }, "CLOUD_METADATA_INCOMPLETE"],
  [{ instead: { "user-data": "x".repeat(100_000) } }, "CLOUD_METADATA_UNREACHABLE"],
] as const)("Imds says of a service with %j: %s", async (faults, code) => {
  const { imds } = await serve(faults);
  await expect(readMetadata(imds)).rejects.toMatchObject({ code });
});

test("Imds says that nobody is there", async () => {
  const imds = new Imds("http://127.0.0.1:9");
  await expect(imds.get("user-data")).rejects.toMatchObject({ code: "CLOUD_METADATA_UNREACHABLE" });
});
