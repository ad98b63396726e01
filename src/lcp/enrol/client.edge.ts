import { createPrivateKey, X509Certificate } from "node:crypto";
import { messageOf, PcgError } from "../../base/error.ts";
import type { Credentials } from "../connect.edge.ts";
import { identityIn, uriOf } from "../identity.ts";
import { newRequest } from "../request.ts";
import { type Exchange, exchange } from "./exchange.edge.ts";
import type { InstanceProof } from "./instance-metadata.edge.ts";
import { pinOf } from "./pin.ts";

/** As what an instance wants to enrol; left out: as what the manager says. */
interface Wanted {
  readonly role?: "gateway" | "agent";
  readonly id?: string;
}

/** Where to enrol, and whom to believe. */
export interface EnrolWith {
  readonly manager: string;
  /** As {@link pinOf} writes it. */
  readonly pin: string;
  readonly proof: { readonly token: string } | (InstanceProof & Wanted);
}

/**
 * A node's first certificate. Its key is made here, and stays.
 *
 * @throws ENROL_UNREACHABLE, ENROL_WRONG_AUTHORITY, ENROL_REFUSED, ENROL_TOKEN_REFUSED, ENROL_BAD_ANSWER
 */
export async function enrol({ manager, pin, proof }: EnrolWith): Promise<Credentials> {
  const authority = await pinnedAuthority(manager, pin);
  const { key, request } = await newRequest();
  const nonce = "token" in proof ? {} : { nonce: await nonceOf(manager, authority) };
  const question = { manager, path: "/enrol", body: { ...proof, ...nonce, request }, authority };
  const answer = await ("token" in proof ? byToken(question) : exchange(question));
  return credentialsOf(answer, { key, authority, manager });
}

/**
 * The next certificate, for the one there is.
 *
 * @throws ENROL_UNREACHABLE, ENROL_REFUSED, ENROL_BAD_ANSWER
 */
export async function renew(manager: string, as: Credentials): Promise<Credentials> {
  const { key, request } = await newRequest();
  const { authority } = as;
  const answer = await exchange({ manager, path: "/enrol/renew", body: { request }, authority, as });
  const next = credentialsOf(answer, { key, authority, manager });
  if (nameIn(next) !== nameIn(as)) throw badAnswer(manager, `the certificate is of ${nameIn(next)}`);
  return next;
}

/** What a manager denies to whoever shows a token, it denies for the token: it never becomes good again. */
async function byToken(question: Exchange): Promise<unknown> {
  try {
    return await exchange(question);
  } catch (error) {
    if (!(error instanceof PcgError && error.code === "ENROL_REFUSED" && error.detail["code"] === "MANAGER_DENIED"))
      throw error;
    throw new PcgError("ENROL_TOKEN_REFUSED", { manager: question.manager, why: error.detail["why"] }, error);
  }
}

/** The root that was pinned: whoever gives it is not believed for that, only what matches. */
async function pinnedAuthority(manager: string, pin: string): Promise<string> {
  const answer = await exchange({ manager, path: "/enrol/authority", authority: undefined });
  const { certificate } = answer as { certificate?: unknown };
  const found = fingerprint(certificate, manager);
  if (found !== pin) throw new PcgError("ENROL_WRONG_AUTHORITY", { manager, pinned: pin, found });
  return new X509Certificate(String(certificate)).toString();
}

function fingerprint(certificate: unknown, manager: string): string {
  try {
    return pinOf(String(certificate));
  } catch (error) {
    throw badAnswer(manager, messageOf(error), error);
  }
}

async function nonceOf(manager: string, authority: string): Promise<string> {
  const { nonce } = (await exchange({ manager, path: "/enrol/nonce", authority })) as { nonce?: unknown };
  return String(nonce);
}

interface Asked {
  readonly key: string;
  readonly authority: string;
  readonly manager: string;
}

/** What came is of our key, and says who we are. */
function credentialsOf(answer: unknown, { key, authority, manager }: Asked): Credentials {
  const { certificate } = answer as { certificate?: unknown };
  const credentials = { certificate: String(certificate), key, authority };
  try {
    if (!new X509Certificate(credentials.certificate).checkPrivateKey(createPrivateKey(key)))
      throw badAnswer(manager, "the certificate is of another key");
    if (nameIn(credentials) === undefined) throw badAnswer(manager, "the certificate is nobody's");
    return credentials;
  } catch (error) {
    throw error instanceof PcgError ? error : badAnswer(manager, messageOf(error), error);
  }
}

/** Who one is by one's certificate. */
export function nameIn({ certificate }: Pick<Credentials, "certificate">): string | undefined {
  const identity = identityIn(new X509Certificate(certificate).subjectAltName);
  return identity && uriOf(identity);
}

const badAnswer = (manager: string, why: string, cause?: unknown) =>
  new PcgError("ENROL_BAD_ANSWER", { manager, why }, cause);
