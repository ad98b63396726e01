import { X509Certificate } from "node:crypto";
import Type from "typebox";
import { Compile } from "typebox/compile";
import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { pinOf } from "../../lcp/enrol/pin.ts";
import { type Identity, identityIn } from "../../lcp/identity.ts";
import { formatFlaw, schemaFlaws } from "../../model/flaw.ts";
import { closed } from "../../model/text.ts";
import type { Commits, Documents, Writes } from "../state/documents.ts";
import type { Certificate } from "./authority.ts";
import { authorityIn } from "./authority-document.ts";
import { instanceOf } from "./instance-identity.ts";
import { asInstance, type Wanted } from "./instance-node.ts";
import { isAllowed, isNew, isRenewable, newNode, nodeIn, nodeKey, notAllowed, proven, renewed } from "./nodes.ts";
import { Nonces } from "./nonces.ts";
import { issue } from "./own-credentials.ts";
import { nodeOf, usedUp } from "./tokens.ts";

const LIFE_MS = 86_400_000;
/** A certificate that is over still gets its successor for so long: managers may have been away. The list decides. */
const LATE_MS = 7 * 86_400_000;

const pem = (description: string) => Type.String({ minLength: 1, maxLength: 8_192, description });
const request = pem("A certificate request (PKCS #10, PEM).");
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });

/** What a node says to get its first certificate. One row a way to prove who it is. */
const asks = {
  token: Compile(closed({ token: text(128), request })),
  signature: Compile(
    closed({
      ...{ signature: text(16_384), document: Type.Optional(text(8_192)), nonce: text(64), request },
      role: Type.Optional(Type.Enum(["gateway", "agent"])),
      id: Type.Optional(text(64)),
    }),
  ),
} as const;
const renewalAsk = Compile(closed({ request }));

/** What a node gets. */
export interface Answer {
  /** PEM: the node's, then the intermediate's. */
  readonly certificate: string;
  /** PEM of the root. */
  readonly authority: string;
}

interface Proof {
  readonly identity: Identity;
  readonly instance?: string;
  readonly how: string;
  /** What else changes with it. @throws MANAGER_DENIED when it is not so any more */
  admit(documents: Documents): Writes;
}

export interface EnrolmentWorld {
  readonly commits: Commits;
  readonly clock: Clock;
  readonly log: Log;
  /** How long certificates of gateways and agents are good. Default a day. */
  readonly lifeMs?: number;
}

/** Lets nodes prove who they are, and gives them certificates that say so. */
export class Enrolment {
  readonly #world: EnrolmentWorld;
  readonly #nonces: Nonces;

  constructor(world: EnrolmentWorld) {
    this.#world = world;
    this.#nonces = new Nonces(world.clock);
  }

  /** For people to compare, and for nodes that have its pin. */
  authority(): { readonly certificate: string; readonly pin: string } {
    const { root } = authorityIn(this.#documents);
    return { certificate: root, pin: pinOf(root) };
  }

  /** @throws ENROL_TOO_OFTEN */
  nonce(source: string): string {
    const nonce = this.#nonces.give(source);
    if (nonce === undefined) throw new PcgError("ENROL_TOO_OFTEN", { source });
    return nonce;
  }

  /**
   * The first certificate of a node. What proves who it is, is used up in the same commit that lets the certificate in.
   *
   * @param source the address it comes from
   * @throws MANAGER_BAD_REQUEST, MANAGER_DENIED, MANAGER_STORE
   */
  async enrol(body: unknown, source: string): Promise<Answer> {
    const proof = this.#proof(body, source);
    const { identity, how, instance } = proof;
    proof.admit(this.#documents);
    const { certificate, answer } = await this.#issue((body as { request: string }).request, identity);
    const by = `${how} from ${source}`;
    const now = { certificate, by, ...(instance === undefined ? {} : { instance }) };
    await this.#world.commits.commit(`enrolment: ${by}`, (documents) => {
      const node = newNode(now, this.#wall, nodeIn(documents, identity));
      return new Map<string, unknown>([...proof.admit(documents), [nodeKey(identity), node]]);
    });
    this.#world.log.info("enrolled", { node: nodeKey(identity), by });
    return answer;
  }

  /**
   * The next certificate of a node.
   *
   * @param shown the certificate whose key the other end of the connection has, DER. Nobody need have checked more of it.
   * @throws MANAGER_BAD_REQUEST, MANAGER_DENIED, MANAGER_STORE
   */
  async renew(shown: Uint8Array, body: unknown, source: string): Promise<Answer> {
    const { identity, serial } = this.#ours(shown);
    if (!renewalAsk.Check(body)) throw badRequest(renewalAsk, body);
    if (!isRenewable(this.#documents, identity, serial, this.#wall)) throw notAllowed(identity);
    const { certificate, answer } = await this.#issue(body.request, identity);
    const change = renewed(identity, serial, certificate, this.#wall);
    await this.#world.commits.commit(`renewal: ${nodeKey(identity)} from ${source}`, change);
    return answer;
  }

  /** Whether a certificate is not good (any more), whatever it says. */
  isRefused(identity: Identity, serial: string): boolean {
    return !isAllowed(this.#documents, identity, serial, this.#wall);
  }

  /** A node came with this certificate: those before it are not needed much longer. */
  async used(identity: Identity, serial: string): Promise<void> {
    const wall = this.#wall;
    if (!isNew(this.#documents, identity, serial)) return;
    const { commits, log } = this.#world;
    const node = nodeKey(identity);
    try {
      await commits.commit(`renewal: ${node} has come with it`, proven(identity, serial, wall));
    } catch (error) {
      log.warn("an older certificate stays good for longer", { node, why: messageOf(error) });
    }
  }

  get #documents(): Documents {
    return this.#world.commits.documents;
  }

  get #wall(): number {
    return this.#world.clock.wall();
  }

  #proof(body: unknown, source: string): Proof {
    const has = (field: string) => typeof body === "object" && body !== null && Object.hasOwn(body, field);
    if (has("token")) return this.#byToken(body, source);
    if (has("signature")) return this.#byDocument(body, source);
    throw new PcgError("MANAGER_BAD_REQUEST", { field: "token", why: "give token, or signature and nonce" });
  }

  #byToken(body: unknown, source: string): Proof {
    if (!asks.token.Check(body)) throw badRequest(asks.token, body);
    const { token } = body;
    return {
      identity: nodeOf(this.#documents, token, this.#wall),
      how: "token",
      admit: (documents) => usedUp(documents, token, source, this.#wall),
    };
  }

  #byDocument(body: unknown, source: string): Proof {
    if (!asks.signature.Check(body)) throw badRequest(asks.signature, body);
    if (!this.#nonces.use(body.nonce, source))
      throw new PcgError("MANAGER_DENIED", { field: "nonce", why: "was not given to this address within a minute" });
    const claimed = instanceOf(this.#documents, { ...body, source }, this.#wall);
    const { role, id } = body;
    const wanted: Wanted = { ...(role && { role }), ...(id !== undefined && { id }) };
    const as = (documents: Documents) => asInstance(documents, claimed, wanted, this.#wall);
    const { identity } = as(this.#documents);
    return {
      ...{ identity, instance: claimed.instanceId, how: "identity document" },
      // The list may have changed since: what counts is what it says in the commit.
      admit: (documents) => as(documents).writes,
    };
  }

  async #issue(asked: string, identity: Identity): Promise<{ certificate: Certificate; answer: Answer }> {
    const grant = { identity, forMs: this.#world.lifeMs ?? LIFE_MS };
    const { certificate, chain, authority } = await issue(this.#documents, asked, grant, this.#wall);
    return { certificate, answer: { certificate: chain, authority } };
  }

  /** Whose a certificate is that one of our intermediates gave. @throws MANAGER_DENIED */
  #ours(shown: Uint8Array): { identity: Identity; serial: string } {
    const certificate = read(shown);
    const identity = identityIn(certificate.subjectAltName);
    const { intermediates } = authorityIn(this.#documents);
    const issuer = intermediates.find((one) => certificate.verify(new X509Certificate(one.certificate).publicKey));
    if (!identity || !issuer) throw new PcgError("MANAGER_DENIED", { field: "certificate", why: "is not ours" });
    if (certificate.validToDate.getTime() + LATE_MS < this.#wall)
      throw new PcgError("MANAGER_DENIED", { field: "certificate", why: `was good until ${certificate.validTo}` });
    return { identity, serial: certificate.serialNumber.toLowerCase() };
  }
}

function read(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (error) {
    throw new PcgError("MANAGER_DENIED", { field: "certificate", why: messageOf(error) }, error);
  }
}

const badRequest = (schema: Parameters<typeof schemaFlaws>[0], body: unknown) => {
  const flaws = schemaFlaws(schema, body).map((flaw) => formatFlaw({ ...flaw, value: undefined }));
  return new PcgError("MANAGER_BAD_REQUEST", { flaws });
};
