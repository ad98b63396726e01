import { PcgError } from "../../base/error.ts";
import type { Identity } from "../../lcp/identity.ts";
import type { Commits } from "../state/documents.ts";
import { type ListedGateway, listedGateway, listedGateways, listing, unlisting } from "./gateway-list.ts";
import { type AwsEnrolment, awsEnrolmentIn, configured } from "./instance-identity.ts";
import { forgotten, type NodeRecord, nodeIn, revoked } from "./nodes.ts";
import { newToken } from "./tokens.ts";

/** Who does it, and when, in milliseconds since 1970. */
interface Author {
  readonly user: string;
  readonly wallMs: number;
}

/** What operators do about nodes: give out tokens, look, revoke, forget. */
export class NodeDesk {
  readonly #commits: Commits;

  constructor(commits: Commits) {
    this.#commits = commits;
  }

  async read(node: Identity): Promise<Record<string, unknown> | undefined> {
    const record = nodeIn(this.#commits.documents, node);
    return record && { ...node, ...written(record) };
  }

  /**
   * @param forMs how long the token is good; undefined: a quarter of an hour
   * @throws MANAGER_REFUSED, MANAGER_STORE
   */
  async newToken({ role, id }: Identity, forMs: number | undefined, { user, wallMs }: Author) {
    // They have the authority, and need no proof. Whoever else were one could be any node's controller.
    if (role === "manager")
      throw new PcgError("MANAGER_REFUSED", { field: "role", value: role, why: "managers do not enrol" });
    const made = newToken({ node: { role, id }, by: user, ...(forMs !== undefined && { forMs }) }, wallMs);
    await this.#commits.commit(user, made.make);
    return { token: made.token, role, id, expires_at: iso(made.expiresAt) };
  }

  /** None of its certificates is good any more, nor a token made for it. @throws MANAGER_NOT_FOUND, MANAGER_STORE */
  revoke(node: Identity, { user, wallMs }: Author): Promise<void> {
    return this.#commits.commit(user, revoked(node, user, wallMs));
  }

  async awsEnrolment(): Promise<AwsEnrolment | undefined> {
    return awsEnrolmentIn(this.#commits.documents);
  }

  /** @throws MANAGER_BAD_REQUEST, MANAGER_STORE */
  async configureAws(body: unknown, { user }: Author): Promise<void> {
    await this.#commits.commit(user, configured(body));
  }

  async awsGateways(): Promise<readonly ListedGateway[]> {
    return listedGateways(this.#commits.documents);
  }

  /** Which instance may enrol as a gateway. @throws MANAGER_BAD_REQUEST, MANAGER_REFUSED, MANAGER_STORE */
  async listAwsGateway(id: string, body: unknown, { user }: Author): Promise<ListedGateway> {
    await this.#commits.commit(user, listing(id, body));
    return listedGateway(this.#commits.documents, id) as ListedGateway;
  }

  /** @throws MANAGER_NOT_FOUND, MANAGER_STORE */
  unlistAwsGateway(id: string, { user }: Author): Promise<void> {
    return this.#commits.commit(user, unlisting(id));
  }

  /** An instance may enrol again by its identity document. @throws MANAGER_NOT_FOUND, MANAGER_STORE */
  forget(node: Identity, { user }: Author): Promise<void> {
    return this.#commits.commit(user, forgotten(node));
  }
}

/** As people and the API have it. */
const written = ({ certificates, instance, replaced, enrolledAt, enrolledBy, revoked: end }: NodeRecord) => ({
  certificates: certificates.map(({ serial, notAfter, until }) => ({
    serial,
    good_until: iso(Math.min(notAfter, until ?? notAfter)),
  })),
  ...(instance === undefined ? {} : { instance }),
  ...(replaced && { replaced_instances: replaced }),
  enrolled_at: iso(enrolledAt),
  enrolled_by: enrolledBy,
  ...(end && { revoked_at: iso(end.at), revoked_by: end.by }),
});

const iso = (wallMs: number) => new Date(wallMs).toISOString();
