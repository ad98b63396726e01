import { createHash, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { PcgError } from "../../base/error.ts";
import { type Ber, octetsOf, partsOf, readBer } from "../../wire/ber.ts";
import { toHex } from "../../wire/hex.ts";

/** Object identifiers, as the bytes in their element. */
const oid = {
  data: "2a864886f70d010701",
  signedData: "2a864886f70d010702",
  contentType: "2a864886f70d010903",
  messageDigest: "2a864886f70d010904",
  sha256: "608648016503040201",
  rsaEncryption: "2a864886f70d010101",
  sha256WithRsa: "2a864886f70d01010b",
} as const;

const TAG = { sequence: 0x30, set: 0x31, oid: 0x06, version: 0x02, context0: 0xa0 } as const;

/** What CMS (RFC 5652 §5) says of data that one signer signed with RSA and SHA-256. */
export interface SignedData {
  /** What was signed, where it is in there. */
  readonly content: Uint8Array | undefined;
  readonly signature: Uint8Array;
  /** The signed attributes, as they are signed (§5.4); undefined: the content itself is. */
  readonly attributes: Uint8Array | undefined;
  /** SHA-256 of the content, by the attributes. */
  readonly digest: Uint8Array | undefined;
}

/**
 * Reads SignedData with one signer. Certificates in it are not looked at: who reads this knows whose signature it wants.
 *
 * @throws WIRE_TRUNCATED, WIRE_MALFORMED, WIRE_UNSUPPORTED
 */
export function readSignedData(bytes: Uint8Array): SignedData {
  const [type, wrapped] = partsOf(expected(readBer(bytes), TAG.sequence, "ContentInfo"));
  if (oidIn(type) !== oid.signedData) throw unsupported("ContentInfo", oidIn(type));
  const [inner] = partsOf(expected(wrapped, TAG.context0, "content"));
  const [version, digests, encapsulated, ...more] = partsOf(expected(inner, TAG.sequence, "SignedData"));
  expected(version, TAG.version, "version");
  expected(digests, TAG.set, "digestAlgorithms");
  const [contentType, content] = partsOf(expected(encapsulated, TAG.sequence, "encapContentInfo"));
  if (oidIn(contentType) !== oid.data) throw unsupported("eContentType", oidIn(contentType));
  const signers = partsOf(expected(more.at(-1), TAG.set, "signerInfos"));
  if (signers.length !== 1) throw unsupported("signerInfos", signers.length);
  return { content: content && contentIn(content), ...signerIn(signers[0]) };
}

/**
 * What was signed, if the key's owner signed it; undefined if not.
 *
 * @param beside the content, where it is not in the signed data
 */
export function signedContent(signed: SignedData, key: KeyObject, beside?: Uint8Array): Uint8Array | undefined {
  const content = signed.content ?? beside;
  if (!content || key.asymmetricKeyType !== "rsa") return undefined;
  if (signed.content && beside && !Buffer.from(signed.content).equals(beside)) return undefined;
  if (signed.attributes && !isDigest(signed.digest, content)) return undefined;
  return verify("sha256", signed.attributes ?? content, key, signed.signature) ? content : undefined;
}

function isDigest(digest: Uint8Array | undefined, content: Uint8Array): boolean {
  const is = createHash("sha256").update(content).digest();
  return digest?.length === is.length && timingSafeEqual(digest, is);
}

function contentIn(wrapped: Ber): Uint8Array {
  const [octets, more] = partsOf(expected(wrapped, TAG.context0, "eContent"));
  if (!octets || more) throw malformed("eContent");
  return octetsOf(octets);
}

function signerIn(signer: Ber | undefined): Omit<SignedData, "content"> {
  const [version, , digestAlgorithm, ...rest] = partsOf(expected(signer, TAG.sequence, "signerInfo"));
  expected(version, TAG.version, "version");
  mustBe(digestAlgorithm, "digestAlgorithm", [oid.sha256]);
  const attributes = rest[0]?.tag === TAG.context0 ? rest.shift() : undefined;
  const [signatureAlgorithm, signature] = rest;
  mustBe(signatureAlgorithm, "signatureAlgorithm", [oid.rsaEncryption, oid.sha256WithRsa]);
  if (!signature) throw malformed("signature");
  return { signature: octetsOf(signature), attributes: undefined, digest: undefined, ...attributesIn(attributes) };
}

/** They are signed as a SET, though they stand there under a tag of their own. */
function attributesIn(element: Ber | undefined): Partial<SignedData> {
  if (!element) return {};
  if (!element.definite) throw unsupported("signedAttrs", "not DER");
  const attributes = Uint8Array.from(element.whole);
  attributes[0] = TAG.set;
  const values = new Map(partsOf(element).map(attributeIn));
  if (values.size !== partsOf(element).length) throw malformed("signedAttrs");
  if (oidIn(values.get(oid.contentType)) !== oid.data) throw malformed("content-type");
  const digest = values.get(oid.messageDigest);
  if (!digest) throw malformed("message-digest");
  return { attributes, digest: octetsOf(digest) };
}

/** The first value of each; ours have one. */
function attributeIn(element: Ber): [type: string, value: Ber | undefined] {
  const [type, values] = partsOf(expected(element, TAG.sequence, "attribute"));
  return [oidIn(type), partsOf(expected(values, TAG.set, "attribute"))[0]];
}

function mustBe(algorithm: Ber | undefined, field: string, known: readonly string[]): void {
  const is = oidIn(partsOf(expected(algorithm, TAG.sequence, field))[0]);
  if (!known.includes(is)) throw unsupported(field, is);
}

const oidIn = (element: Ber | undefined): string => toHex(expected(element, TAG.oid, "identifier").content);

function expected(element: Ber | undefined, tag: number, field: string): Ber {
  if (element?.tag !== tag) throw malformed(field);
  return element;
}

const malformed = (field: string) => new PcgError("WIRE_MALFORMED", { header: "cms", field });
const unsupported = (field: string, value: unknown) =>
  new PcgError("WIRE_UNSUPPORTED", { header: "cms", field, value });
