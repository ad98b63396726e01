import { type KeyObject, X509Certificate } from "node:crypto";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { messageOf, PcgError } from "../../base/error.ts";
import { formatFlaw, schemaFlaws } from "../../model/flaw.ts";
import { address, closed, prefix } from "../../model/text.ts";
import { parseIpv4, readIpv4 } from "../../net/ipv4.ts";
import { contains, parsePrefix } from "../../net/prefix.ts";
import type { Change, Documents } from "../state/documents.ts";
import { readSignedData, signedContent } from "./cms.ts";

const KEY = "/enrolment/aws";
/** A document cannot be of an instance that is yet to be launched; clocks differ. */
const SKEW_MS = 300_000;
const LEAST_BITS = 2_048;

/** By whose word EC2 instances enrol, and which of them as agents. Gateways are listed one by one (gateway-list.ts). */
export const AwsEnrolment = closed({
  regions: Type.Record(Type.String({ pattern: "^[a-z0-9-]{1,32}$" }), Type.String({ maxLength: 8_192 }), {
    description: "By region, the RSA-2048 certificates (PEM) with which AWS signs identity documents there.",
  }),
  accounts: Type.Array(Type.String({ pattern: "^[0-9]{12}$" }), {
    description: "Accounts whose instances may come as agents.",
  }),
  networks: Type.Array(prefix("Where its private address must be."), {
    description: "The VPCs' prefixes, for agents.",
  }),
  maxAgeHours: Type.Optional(
    Type.Integer({ minimum: 1, description: "How long ago it may have been launched. Default: ever." }),
  ),
});
export type AwsEnrolment = Type.Static<typeof AwsEnrolment>;
const awsEnrolment = Compile(AwsEnrolment);

/** Undefined: none may. */
export const awsEnrolmentIn = (documents: Documents): AwsEnrolment | undefined =>
  documents.get(KEY) as AwsEnrolment | undefined;

/** Which instances may come from now on. @throws MANAGER_BAD_REQUEST */
export function configured(body: unknown): Change {
  if (!awsEnrolment.Check(body)) {
    const flaws = schemaFlaws(awsEnrolment, body).map(formatFlaw);
    throw new PcgError("MANAGER_BAD_REQUEST", { flaws });
  }
  for (const [region, certificates] of Object.entries(body.regions))
    if (!hasKey(certificates)) throw badRequest(`regions.${region}`, `has no certificate of ${LEAST_BITS} bits`);
  return () => new Map([[KEY, body]]);
}

/** What of the document matters here; there is more in it. */
const Document = Type.Object({
  accountId: Type.String({ pattern: "^[0-9]{12}$" }),
  region: Type.String({ pattern: "^[a-z0-9-]{1,32}$" }),
  instanceId: Type.String({ pattern: "^i-[0-9a-f]{8,17}$" }),
  privateIp: address("The address of its first NIC."),
  pendingTime: Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$" }),
  imageId: Type.Optional(Type.String({ maxLength: 64 })),
});
const document = Compile(Document);
export type InstanceDocument = Type.Static<typeof Document>;

export interface Presented {
  /** As the metadata service gives it at `/latest/dynamic/instance-identity/rsa2048`: base64 of CMS SignedData. */
  readonly signature: string;
  /** The document, where the signature does not enclose it. */
  readonly document?: string | undefined;
  /** The address whose connection it came on. */
  readonly source: string;
}

/**
 * The instance that a signed document speaks of, and from which it comes. What it may enrol as is asked elsewhere:
 * {@link mustBeAgent}, gateway-list.ts.
 *
 * @throws MANAGER_BAD_REQUEST, MANAGER_DENIED
 */
export function instanceOf(documents: Documents, presented: Presented, wallMs: number): InstanceDocument {
  const config = awsEnrolmentIn(documents);
  if (!config) throw denied("document", "no AWS accounts are configured to enrol by");
  const signed = readSigned(presented);
  const claimed = parsed(signed.content ?? Buffer.from(presented.document ?? ""));
  const certificate = Object.hasOwn(config.regions, claimed.region) ? config.regions[claimed.region] : undefined;
  if (certificate === undefined) throw denied("region", "is not configured", claimed.region);
  const beside = presented.document === undefined ? undefined : Buffer.from(presented.document);
  if (!keysIn(certificate).some((key) => signedContent(signed, key, beside))) throw denied("signature", "is not AWS's");
  mustBeHere(claimed, config, presented.source, wallMs);
  return claimed;
}

/** An instance that is no gateway: whether it may be an agent. @throws MANAGER_DENIED */
export function mustBeAgent(documents: Documents, { accountId, privateIp }: InstanceDocument): void {
  const { accounts = [], networks = [] } = awsEnrolmentIn(documents) ?? {};
  if (!accounts.includes(accountId)) throw denied("accountId", "is not configured", accountId);
  if (!networks.some((network) => contains(parsePrefix(network), parseIpv4(privateIp))))
    throw denied("privateIp", "is in no configured network", privateIp);
}

function mustBeHere(claimed: InstanceDocument, config: AwsEnrolment, source: string, wallMs: number): void {
  const { privateIp, pendingTime } = claimed;
  if (readIpv4(source) === undefined || privateIp !== source)
    throw denied("privateIp", `is not where this comes from (${source})`, privateIp);
  const launched = Date.parse(pendingTime);
  if (!(launched <= wallMs + SKEW_MS)) throw denied("pendingTime", "is no time in the past", pendingTime);
  if (config.maxAgeHours !== undefined && launched < wallMs - config.maxAgeHours * 3_600_000)
    throw denied("pendingTime", `is more than ${config.maxAgeHours} hours ago`, pendingTime);
}

function readSigned({ signature }: Presented) {
  const base64 = signature.replaceAll(/-----(BEGIN|END) PKCS7-----|\s/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw badRequest("signature", "is not base64");
  try {
    return readSignedData(Buffer.from(base64, "base64"));
  } catch (error) {
    throw badRequest("signature", messageOf(error), error);
  }
}

function parsed(bytes: Uint8Array): InstanceDocument {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw badRequest("document", messageOf(error), error);
  }
  if (!document.Check(value)) throw badRequest("document", schemaFlaws(document, value).map(formatFlaw).join("; "));
  return value;
}

/** While AWS changes one for another there are two. Short keys are nobody's. */
function keysIn(certificates: string): KeyObject[] {
  const all = certificates.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const keys = all.map((pem) => new X509Certificate(pem).publicKey);
  return keys.filter(({ asymmetricKeyDetails: of }) => (of?.modulusLength ?? 0) >= LEAST_BITS);
}

function hasKey(certificates: string): boolean {
  try {
    return keysIn(certificates).length > 0;
  } catch {
    return false;
  }
}

const badRequest = (field: string, why: string, cause?: unknown) =>
  new PcgError("MANAGER_BAD_REQUEST", { field, why }, cause);
const denied = (field: string, why: string, value?: string) =>
  new PcgError("MANAGER_DENIED", { field, ...(value === undefined ? {} : { value }), why });
