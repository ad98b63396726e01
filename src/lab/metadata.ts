import { createHash } from "node:crypto";

/** An ENI as the metadata service tells of it. */
export interface MetadataInterface {
  readonly deviceNumber: number;
  readonly id: string;
  readonly mac: string;
  /** The primary one first. */
  readonly addresses: readonly string[];
  readonly subnet: string;
  readonly subnetId: string;
  readonly vpc: readonly string[];
  readonly vpcId: string;
}

/** What is wrong with the service, for whoever asks from this instance. */
export interface MetadataFaults {
  /** Before each answer. */
  readonly delayMs?: number;
  /** Every answer is this, such as 503; the body is empty. */
  readonly status?: number;
  /** Every answer is good and says nothing. */
  readonly isEmpty?: boolean;
  /** There are no tokens, and questions without one are answered: version 1 alone. */
  readonly isVersion1?: boolean;
  /** Other texts in the place of true ones, by path below `/latest/`; null: there is no such thing. */
  readonly instead?: Readonly<Record<string, string | null>>;
}

/** An EC2 instance, known by the addresses it asks from. */
export interface MetadataInstance {
  readonly id: string;
  readonly type: string;
  readonly image: string;
  readonly account: string;
  readonly region: string;
  readonly zone: string;
  /** ISO 8601 without fractions. */
  readonly launchedAt: string;
  readonly interfaces: readonly MetadataInterface[];
  /** As in authorized_keys, by name. */
  readonly keys: Readonly<Record<string, string>>;
  readonly userData?: string;
  /** In its place, for what is no text. */
  readonly userDataBase64?: string;
  /** Base64 of CMS SignedData of the identity document, where somebody has AWS's key. */
  readonly signature?: string;
  readonly faults?: MetadataFaults;
}

/** What the service reads again whenever it changes. */
export interface MetadataFile {
  readonly instances: readonly MetadataInstance[];
}

export interface MetadataQuestion {
  readonly method: string;
  /** With its query, as it came. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Whose address it came from. */
  readonly from: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface MetadataAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly delayMs: number;
}

const TTL = { least: 1, most: 21_600 } as const;
const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER = "x-aws-ec2-metadata-token";

/**
 * EC2's instance metadata service, version 2 alone, for all instances of a VPC: a token first, from the instance itself and
 * no proxy, then questions with it. A pure function: a token says until when it is good, and whose it is.
 */
export function answerMetadata({ instances }: MetadataFile, question: MetadataQuestion): MetadataAnswer {
  const instance = instances.find(({ interfaces }) => interfaces.some((i) => i.addresses.includes(question.from)));
  if (!instance) return { ...nothing(404), delayMs: 0 };
  const { delayMs = 0, status, isEmpty = false } = instance.faults ?? {};
  const answer = status === undefined ? honest(instance, question) : nothing(status);
  return { ...answer, ...(isEmpty && { body: NOTHING }), delayMs };
}

type Said = Omit<MetadataAnswer, "delayMs">;

function honest(instance: MetadataInstance, question: MetadataQuestion): Said {
  const [path = ""] = question.url.split("?", 1);
  if (path === "/latest/api/token") return tokenAnswer(instance, question);
  if (question.method !== "GET") return nothing(405);
  if (!instance.faults?.isVersion1 && !isGood(instance, question)) return nothing(401);
  const [, below] = /^\/(?:latest|1\.0|\d{4}-\d{2}-\d{2})\/(.*)$/.exec(path) ?? [];
  return below === undefined ? nothing(404) : said(contentOf(instance, below));
}

function tokenAnswer(instance: MetadataInstance, { method, headers, at }: MetadataQuestion): Said {
  if (instance.faults?.isVersion1) return nothing(404);
  if (method !== "PUT") return nothing(405);
  if (headers["x-forwarded-for"] !== undefined) return nothing(403);
  const ttl = Number(headers[TTL_HEADER] ?? Number.NaN);
  if (!(Number.isInteger(ttl) && ttl >= TTL.least && ttl <= TTL.most)) return nothing(400);
  const until = at + ttl * 1_000;
  return said(`${until}.${sealOf(instance, until)}`);
}

function isGood(instance: MetadataInstance, { headers, at }: MetadataQuestion): boolean {
  const [until = "", seal = ""] = String(headers[TOKEN_HEADER] ?? "").split(".");
  return Number(until) > at && seal === sealOf(instance, Number(until));
}

/** Enough for a laboratory, where nobody forges one. */
const sealOf = ({ id }: MetadataInstance, until: number) =>
  createHash("sha256").update(`${id} ${until}`).digest("base64url");

function contentOf(instance: MetadataInstance, path: string): string | Uint8Array | undefined {
  const { instead = {} } = instance.faults ?? {};
  if (Object.hasOwn(instead, path)) return instead[path] ?? undefined;
  if (/^user-data\/?$/.test(path)) return userDataOf(instance);
  const leaves = leavesOf(instance);
  return leaves.get(path) ?? folderOf([...leaves.keys(), ...keyFolder(instance)], path);
}

const userDataOf = ({ userData, userDataBase64 }: MetadataInstance) =>
  userDataBase64 === undefined ? userData : Buffer.from(userDataBase64, "base64");

function leavesOf(instance: MetadataInstance): ReadonlyMap<string, string> {
  const [first] = instance.interfaces.toSorted((a, b) => a.deviceNumber - b.deviceNumber);
  const facts: Record<string, string> = {
    "ami-id": instance.image,
    "instance-id": instance.id,
    "instance-type": instance.type,
    "local-ipv4": first?.addresses[0] ?? "",
    mac: first?.mac ?? "",
    "placement/availability-zone": instance.zone,
    "placement/region": instance.region,
  };
  const interfaces = instance.interfaces.flatMap((i) =>
    Object.entries(interfaceFacts(i)).map(([name, text]) => [`network/interfaces/macs/${i.mac}/${name}`, text]),
  );
  const keys = Object.values(instance.keys).map((key, n) => [`public-keys/${n}/openssh-key`, key]);
  const identity = [
    ["dynamic/instance-identity/document", documentOf(instance)],
    ...(instance.signature === undefined ? [] : [["dynamic/instance-identity/rsa2048", instance.signature]]),
  ];
  const data = [...Object.entries(facts), ...interfaces, ...keys].map(([name, text]) => [`meta-data/${name}`, text]);
  return new Map([...data, ...identity].map(([name = "", text = ""]) => [name, text]));
}

/** Of an interface without an address there is no such entry. */
const interfaceFacts = (i: MetadataInterface): Record<string, string> => ({
  "device-number": `${i.deviceNumber}`,
  "interface-id": i.id,
  ...(i.addresses.length > 0 && { "local-ipv4s": i.addresses.join("\n") }),
  mac: i.mac,
  "subnet-id": i.subnetId,
  "subnet-ipv4-cidr-block": i.subnet,
  "vpc-id": i.vpcId,
  "vpc-ipv4-cidr-block": i.vpc[0] ?? "",
  "vpc-ipv4-cidr-blocks": i.vpc.join("\n"),
});

/** The names of the keys stand in their list, and nowhere else. */
const keyFolder = ({ keys }: MetadataInstance) =>
  Object.keys(keys).map((name, n) => `meta-data/public-keys/${n}=${name}`);

/** What there is below: `name`, or `name/` where there is more below that. */
function folderOf(paths: readonly string[], path: string): string | undefined {
  const folder = path === "" || path.endsWith("/") ? path : `${path}/`;
  const below = paths.filter((one) => one.startsWith(folder)).map((one) => one.slice(folder.length));
  const names = below.map((one) => one.replace(/\/.*$/, "/"));
  const shown = folder === "meta-data/public-keys/" ? names.filter((name) => !name.endsWith("/")) : names;
  return below.length === 0 ? undefined : [...new Set(shown)].join("\n");
}

/** As AWS writes it, which is what a signature is of. */
function documentOf(instance: MetadataInstance): string {
  const [first] = instance.interfaces.toSorted((a, b) => a.deviceNumber - b.deviceNumber);
  const document = {
    accountId: instance.account,
    architecture: "x86_64",
    availabilityZone: instance.zone,
    imageId: instance.image,
    instanceId: instance.id,
    instanceType: instance.type,
    pendingTime: instance.launchedAt,
    privateIp: first?.addresses[0] ?? null,
    region: instance.region,
    version: "2017-09-30",
  };
  return JSON.stringify(document, undefined, 2);
}

const NOTHING = new Uint8Array();
const nothing = (status: number): Said => ({ status, body: NOTHING });

const said = (content: string | Uint8Array | undefined): Said =>
  content === undefined ? nothing(404) : { status: 200, body: Buffer.from(content) };
