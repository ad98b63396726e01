import fc from "fast-check";
import { expect, test } from "vitest";
import { answerMetadata, type MetadataFaults, type MetadataQuestion } from "./metadata.ts";
import { metadataOf } from "./metadata-of.ts";
import { topology } from "./topology.ts";

const [unit] = topology.units;
if (!unit) throw new Error("the laboratory has no unit");
const keys = { operator: "ssh-ed25519 AAAA operator" };
const instance = { ...metadataOf(topology, unit, { userData: "#cloud-config\n", keys }), signature: "c2lnbmVk" };
const MACS = "meta-data/network/interfaces/macs";
const TOKEN = { method: "PUT", url: "/latest/api/token" };
const TTL = "x-aws-ec2-metadata-token-ttl-seconds";

function ask(question: Partial<MetadataQuestion>, faults: MetadataFaults = {}) {
  const whole = { method: "GET", url: "/", headers: {}, from: "10.99.2.10", at: 1_000, ...question };
  const { status, body, delayMs } = answerMetadata({ instances: [{ ...instance, faults }] }, whole);
  return { status, text: Buffer.from(body).toString(), delayMs };
}

const token = ask({ ...TOKEN, headers: { [TTL]: "60" } }).text;
const headers = { "x-aws-ec2-metadata-token": token };
const get = (path: string) => ask({ url: `/latest/${path}`, headers });

test.each([
  ["meta-data/instance-id", "i-00000000000000061"],
  [`${MACS}/`, "02:ec:0a:63:02:0a/\n02:ec:0a:63:01:0a/\n02:ec:0a:63:03:2c/"],
  [
    `${MACS}/02:ec:0a:63:01:0a/`,
    "device-number\ninterface-id\nlocal-ipv4s\nmac\nsubnet-id\nsubnet-ipv4-cidr-block\nvpc-id\nvpc-ipv4-cidr-block\nvpc-ipv4-cidr-blocks",
  ],
  [`${MACS}/02:ec:0a:63:01:0a/local-ipv4s`, "10.99.1.10\n10.99.1.20\n10.99.1.21"],
  [`${MACS}/02:ec:0a:63:03:2c/device-number`, "2"],
  ["meta-data/public-keys/", "0=operator"],
  ["meta-data/public-keys/0/", "openssh-key"],
  ["meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA operator"],
  ["", "meta-data/\ndynamic/"],
  ["user-data", "#cloud-config\n"],
  ["dynamic/instance-identity/", "document\nrsa2048"],
  ["dynamic/instance-identity/rsa2048", "c2lnbmVk"],
])("the metadata service has %s", (path, text) => {
  expect(get(path)).toMatchObject({ status: 200, text });
});

test("the metadata service's identity document speaks of the instance", () => {
  expect(JSON.parse(get("dynamic/instance-identity/document").text)).toMatchObject({
    ...{ instanceId: instance.id, privateIp: "10.99.2.10", region: "eu-central-1", accountId: "123456789012" },
  });
});

test.each([
  ["a question without a token", { url: "/latest/meta-data/" }, 401],
  ["a token that is over", { url: "/latest/meta-data/", headers, at: 61_001 }, 401],
  ["a token of somebody else's making", { url: "/latest/", headers: { "x-aws-ec2-metadata-token": `${token}x` } }, 401],
  ["a token asked for with GET", { ...TOKEN, method: "GET" }, 405],
  ["a token without a time to live", TOKEN, 400],
  ["a token for no time", { ...TOKEN, headers: { [TTL]: "0" } }, 400],
  ["a token for the longest time", { ...TOKEN, headers: { [TTL]: "21600" } }, 200],
  ["a token for longer", { ...TOKEN, headers: { [TTL]: "21601" } }, 400],
  ["a token by way of a proxy", { ...TOKEN, headers: { [TTL]: "60", "x-forwarded-for": "10.0.0.1" } }, 403],
  ["what is not there", { url: "/latest/meta-data/spot", headers }, 404],
  ["an instance that is unknown", { url: "/latest/meta-data/", headers, from: "10.99.2.11" }, 404],
])("the metadata service answers %s with %s", (_, question, status) => {
  expect(ask(question).status).toBe(status);
});

test("the metadata service can be slow, empty, broken, old, and wrong in parts", () => {
  const id = { url: "/latest/meta-data/instance-id", headers };
  expect(ask(id, { delayMs: 4_000 })).toMatchObject({ status: 200, delayMs: 4_000 });
  expect(ask(id, { isEmpty: true })).toMatchObject({ status: 200, text: "" });
  expect(ask(id, { status: 503 }).status).toBe(503);
  expect(ask({ url: id.url }, { isVersion1: true }).status).toBe(200);
  expect(ask({ ...TOKEN, headers: { [TTL]: "60" } }, { isVersion1: true }).status).toBe(404);
  expect(ask(id, { instead: { "meta-data/instance-id": "i-1" } }).text).toBe("i-1");
  expect(ask(id, { instead: { "meta-data/instance-id": null } }).status).toBe(404);
});

test("the metadata service answers whatever it is asked", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (method, url) => {
      expect(ask({ method, url: `/latest/${url}`, headers }).status).toBeGreaterThanOrEqual(200);
    }),
  );
});
