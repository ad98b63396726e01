import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer as createTlsServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { Certificate } from "../../src/bin/pcgd/certificate.edge.ts";
import type { Channel } from "../../src/lcp/channel.ts";
import { type Credentials, connectTo } from "../../src/lcp/connect.edge.ts";
import { enrol, nameIn, renew } from "../../src/lcp/enrol/client.edge.ts";
import { readCredentials, writeCredentials } from "../../src/lcp/enrol/credentials.edge.ts";
import { instanceProof } from "../../src/lcp/enrol/instance-metadata.edge.ts";
import { pinOf } from "../../src/lcp/enrol/pin.ts";
import { Follower } from "../../src/lcp/follower.ts";
import type { Identity } from "../../src/lcp/identity.ts";
import { newRequest } from "../../src/lcp/request.ts";
import { NOTHING_HELD } from "../../src/lcp/subscription.ts";
import { newAuthority } from "../../src/manager/enrol/authority.ts";
import { NodeDesk } from "../../src/manager/enrol/node-desk.ts";
import { forgotten, revoked } from "../../src/manager/enrol/nodes.ts";
import { type Manager, manager, startInstance, startManager } from "./enrol-bench.ts";
import { until } from "./namespace.ts";

const pcgA: Identity = { role: "gateway", id: "pcg-a" };
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

const undo: (() => unknown)[] = [];
let folder: string;
const aManager = (lifeMs?: number) => startManager(undo, lifeMs === undefined ? {} : { lifeMs });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "enrol-"));
  undo.push(() => rmSync(folder, { recursive: true }));
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Runs `pcgd enrol`; its end, and what it said. */
async function pcgdEnrol(...args: string[]): Promise<{ code: number; said: string }> {
  const all = ["src/bin/pcgd.ts", "enrol", "--credentials", join(folder, "credentials"), ...args];
  const done = promisify(execFile)(process.execPath, all);
  return done.then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }),
  );
}

test("pcgd enrol gets with a token, once, what lets the gateway in", async () => {
  const { url, pin, token, lcp, came } = await aManager();
  const given = await token();
  const args = ["--manager", url, "--pin", pin, "--token", given];
  expect(await pcgdEnrol(...args)).toMatchObject({
    code: 0,
    said: expect.stringContaining("spiffe://pcg/gateway/pcg-a"),
  });
  for (const name of ["certificate.pem", "key.pem", "authority.pem", "enrolled.json"])
    expect(statSync(join(folder, "credentials", name)).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, "credentials", "enrolled.json"), "utf8")).toContain(url);
  const { opened } = connect(lcp.port, readCredentials(join(folder, "credentials")));
  await until("the gateway is let in", () => opened.length === 1 && came.length === 1);
  const spent = expect.stringMatching(/ENROL_TOKEN_REFUSED.*was used at/s);
  expect(await pcgdEnrol(...args)).toMatchObject({ code: 1, said: spent });
});

test("pcgd enrol with another's pin gives nothing away", async () => {
  const { url, token, enrolment } = await aManager();
  const given = await token();
  const others = (await newAuthority("others", Date.now())).certificate;
  const done = await pcgdEnrol("--manager", url, "--pin", pinOf(others), "--token", given);
  expect(done).toMatchObject({ code: 1, said: expect.stringContaining("ENROL_WRONG_AUTHORITY") });
  expect(() => statSync(join(folder, "credentials"))).toThrow("ENOENT");
  const { request } = await newRequest();
  await expect(enrolment.enrol({ token: given, request }, "127.0.0.1")).resolves.toBeDefined();
});

test.each<{ who: string; as: (real: Manager) => Promise<Credentials>; why: string }>([
  { who: "a node of the same authority", as: (real) => real.certify({ role: "agent", id: "vm-1" }), why: "no manager" },
  {
    who: "another authority's manager",
    as: () => aManager().then((other) => other.certify(manager)),
    why: "certificate",
  },
])("nobody but a manager gets a token to see: not $who, who knows the root", async ({ as, why }) => {
  const real = await aManager();
  const { certificate: cert, key } = await as(real);
  const heard: string[] = [];
  const server = createTlsServer({ cert, key }, (request, response) => {
    heard.push(request.url ?? "");
    response.end(JSON.stringify(real.enrolment.authority()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proof = { token: await real.token() };
  await expect(enrol({ manager: url, pin: real.pin, proof })).rejects.toThrow(why);
  expect(heard).toEqual(["/enrol/authority"]);
});

/** A gateway's connection to the control plane's port. */
function connect(port: number, as: Credentials | (() => Credentials)) {
  const opened: number[] = [];
  const ended: string[] = [];
  const to = connectTo({ host: "127.0.0.1", port, is: manager }, as, systemClock);
  const channel: Channel = to({
    opened: () => void opened.push(performance.now()),
    ...{ message: () => undefined, drained: () => undefined },
    closed: (reason) => void ended.push(reason),
  });
  undo.push(() => channel.close("over"));
  return { opened, ended, channel };
}

async function enrolled({ url, pin, token }: Manager, node = pcgA): Promise<Credentials> {
  return enrol({ manager: url, pin, proof: { token: await token(node) } });
}

test("a node that is revoked is put out within two seconds, and neither let in nor renewed again", async () => {
  const its = await aManager();
  const credentials = await enrolled(its);
  const { opened, ended } = connect(its.lcp.port, credentials);
  await until("it is in", () => opened.length === 1);
  const at = performance.now();
  await its.commits.commit("admin", revoked(pcgA, "admin", Date.now()));
  await until("it is put out", () => ended.length === 1, 2_000);
  expect(performance.now() - at).toBeLessThan(2_000);
  expect(ended).toEqual(["the certificate is no longer good"]);
  const again = connect(its.lcp.port, credentials);
  await until("it is turned away", () => again.ended.length === 1);
  expect(its.lcp.refused.get("revoked")).toBe(1);
  await expect(renew(its.url, credentials)).rejects.toThrow("MANAGER_DENIED");
});

test("certificates that are over in seconds are renewed by themselves, and nobody loses a connection by it", async () => {
  const its = await aManager(4_000);
  const at = join(folder, "credentials");
  writeCredentials(at, await enrolled(its), { managers: ["https://127.0.0.1:1", its.url] });
  const first = readCredentials(at).certificate;
  const lost: string[] = [];
  const certificate: Certificate = new Certificate(at, {
    ...{ clock: systemClock, log },
    renewed: () => follower.again(),
  });
  const follower = new Follower({
    ...{ clock: systemClock, random: Math.random, log: { ...log, info: (text) => void lost.push(text) } },
    store: { load: () => NOTHING_HELD, commit: () => undefined },
    judge: () => undefined,
    committed: () => undefined,
    connect: connectTo(
      { host: "127.0.0.1", port: its.lcp.port, is: manager },
      () => certificate.credentials,
      systemClock,
    ),
  });
  follower.start();
  undo.push(() => follower.stop());
  await until("it is connected", () => follower.connection.connected);
  certificate.start();
  await until(
    "it has come with three certificates",
    () => new Set(its.came).size === 3 && follower.connection.connected,
  );
  expect(lost).toEqual([]);
  expect(certificate.status).toMatchObject({ name: "spiffe://pcg/gateway/pcg-a", renews: true, expired: false });
  expect(certificate.status.lastError).toBeNull();
  expect(readCredentials(at)).toEqual(certificate.credentials);
  expect(readCredentials(at).certificate).not.toBe(first);
});

test("a certificate that was over before managers came back is renewed with, and lets nobody in", async () => {
  const its = await aManager(1_000);
  const late = await enrolled(its);
  await until("it is over", () => new X509Certificate(late.certificate).validToDate.getTime() < Date.now());
  const { ended } = connect(its.lcp.port, late);
  await until("it is turned away", () => ended.length === 1);
  expect(its.lcp.refused.get("certificate or handshake")).toBe(1);
  const { opened } = connect(its.lcp.port, await renew(its.url, late));
  await until("the next is let in", () => opened.length === 1);
});

test("a certificate of our own authority that is on no list, or on another's, gets nobody in", async () => {
  const its = await aManager();
  await enrolled(its);
  for (const id of ["pcg-a", "pcg-b"]) {
    const forged = await its.certify({ role: "gateway", id });
    const { ended } = connect(its.lcp.port, forged);
    await until("it is turned away", () => ended.length === 1);
    await expect(renew(its.url, forged)).rejects.toThrow("MANAGER_DENIED");
  }
  expect(its.lcp.refused.get("revoked")).toBe(2);
  const agent = await enrolled(its, { role: "agent", id: "vm-1" });
  const { ended } = connect(its.lcp.port, agent);
  await until("an agent is turned away", () => ended.length === 1);
  expect(its.lcp.refused.get("identity")).toBe(1);
});

/** As somebody would who has an address, a document, and no scruples. */
function post(url: string, path: string, from: string, body?: object | string) {
  return new Promise<{ status: number | undefined; said: string }>((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const method = body === undefined ? "GET" : "POST";
    const options = { method, headers, localAddress: from, rejectUnauthorized: false, agent: false };
    const asked = httpsRequest(new URL(path, url), options, (response) => {
      let said = "";
      response.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode, said }));
    });
    asked.on("error", reject);
    asked.end(typeof body === "object" ? JSON.stringify(body) : body);
  });
}

const nonceFor = async (url: string, from: string) =>
  (JSON.parse((await post(url, "/enrol/nonce", from)).said) as { nonce: string }).nonce;

test("an instance enrols by what AWS signed, once; nobody does elsewhere with the same document", async () => {
  const its = await aManager();
  const metadata = await startInstance(its, "i-0123456789abcdef0", folder, undo);
  const { request } = await newRequest();
  const proof = { ...(await instanceProof(metadata)), request };

  const elsewhere = await nonceFor(its.url, "127.0.0.2");
  const replayed = await post(its.url, "/enrol", "127.0.0.2", { ...proof, nonce: elsewhere });
  expect(replayed).toMatchObject({ status: 403, said: expect.stringContaining("is not where this comes from") });
  const used = await post(its.url, "/enrol", "127.0.0.2", { ...proof, nonce: elsewhere });
  expect(used).toMatchObject({ status: 403, said: expect.stringContaining("nonce") });

  const asAgent = async () =>
    enrol({ manager: its.url, pin: its.pin, proof: { ...(await instanceProof(metadata)), role: "agent" } });
  expect(nameIn(await asAgent())).toBe("spiffe://pcg/agent/i-0123456789abcdef0");
  await expect(asAgent()).rejects.toThrow("has enrolled already");
  const agent: Identity = { role: "agent", id: "i-0123456789abcdef0" };
  await its.commits.commit("admin", revoked(agent, "admin", Date.now()));
  await expect(asAgent()).rejects.toThrow("was revoked");
  await its.commits.commit("admin", forgotten(agent));
  await expect(asAgent()).resolves.toBeDefined();
});

test("pcgd enrol --aws gets a gateway in that an operator listed, and nobody else, with nothing but what AWS signed", async () => {
  const its = await aManager();
  const desk = new NodeDesk(its.commits);
  const author = { user: "admin", wallMs: Date.now() };
  const first = await startInstance(its, "i-0123456789abcdef0", folder, undo);
  const args = (metadata: string) => ["--manager", its.url, "--pin", its.pin, "--aws", "--metadata", metadata];
  const refused = (why: string) => ({ code: 1, said: expect.stringContaining(why) });

  expect(await pcgdEnrol(...args(first))).toMatchObject(refused("is not listed for a gateway"));
  expect(() => statSync(join(folder, "credentials"))).toThrow("ENOENT");
  await desk.listAwsGateway("pcg-a", { accountId: "210987654321", instanceId: "i-0123456789abcdef0" }, author);
  expect(await pcgdEnrol(...args(first))).toMatchObject(refused("is not listed for a gateway"));

  await desk.listAwsGateway("pcg-a", { accountId: "123456789012", instanceId: "i-0123456789abcdef0" }, author);
  expect(await pcgdEnrol(...args(first))).toMatchObject({
    code: 0,
    said: expect.stringContaining("spiffe://pcg/gateway/pcg-a"),
  });
  const before = readCredentials(join(folder, "credentials"));
  const { opened, ended } = connect(its.lcp.port, before);
  await until("the gateway is let in", () => opened.length === 1);
  expect(await pcgdEnrol(...args(first))).toMatchObject(refused("has enrolled already"));

  // Another machine is put in its place: the list decides.
  const second = await startInstance(its, "i-0fedcba9876543210", folder, undo);
  expect(await pcgdEnrol(...args(second))).toMatchObject(refused("is not listed for a gateway"));
  expect(ended).toEqual([]);
  await desk.listAwsGateway("pcg-a", { accountId: "123456789012", privateIp: "127.0.0.1" }, author);
  expect(await pcgdEnrol(...args(second))).toMatchObject({ code: 0 });
  await until("the machine before is put out", () => ended.length === 1);
  const after = readCredentials(join(folder, "credentials"));
  const successor = connect(its.lcp.port, after);
  await until("its successor is let in", () => successor.opened.length === 1);
  // The machine before does not come back, although its address is the one that is listed.
  const again = await startInstance(its, "i-0123456789abcdef0", mkdtempSync(join(folder, "again-")), undo);
  expect(await pcgdEnrol(...args(again))).toMatchObject(refused("has enrolled already"));

  await desk.revoke(pcgA, author);
  const third = await startInstance(its, "i-0aaaaaaaaaaaaaaaa", folder, undo);
  expect(await pcgdEnrol(...args(third))).toMatchObject(refused("was revoked"));
  await desk.forget(pcgA, author);
  expect(await pcgdEnrol(...args(third))).toMatchObject({ code: 0 });
});

test("what is too long, no JSON or too often is turned away with a code, and others are served", async () => {
  const { url, token, pin } = await aManager();
  const code = async (body: object | string, from = "127.0.0.3") => {
    const { status, said } = await post(url, "/enrol", from, body);
    return `${status} ${(JSON.parse(said) as { code: string }).code}`;
  };
  expect(await code({ token: "x".repeat(40_000), request: "x" })).toBe("400 MANAGER_BAD_REQUEST");
  expect(await code("[".repeat(30_000))).toBe("400 MANAGER_BAD_REQUEST");
  expect(await code({ token: "x", request: "x" })).toBe("403 MANAGER_DENIED");
  expect(await code({ token: await token(), request: "x" })).toBe("400 MANAGER_BAD_REQUEST");
  const { status } = await post(url, "/enrol/renew", "127.0.0.3", {});
  expect(status).toBe(403);
  const codes = await Promise.all(Array.from({ length: 60 }, () => code("{}", "127.0.0.4")));
  expect(codes).toContain("429 ENROL_TOO_OFTEN");
  expect(codes).toContain("400 MANAGER_BAD_REQUEST");
  await expect(enrol({ manager: url, pin, proof: { token: await token() } })).resolves.toBeDefined();
});
