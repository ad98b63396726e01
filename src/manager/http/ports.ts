import type { Role as NodeRole } from "../../lcp/identity.ts";
import type { ClusterStatus, EnrolmentToken, GatewayState, Realized, SegmentPortState } from "./answers.ts";

/** Who wants a change, and when (milliseconds since 1970). */
export interface Author {
  readonly user: string;
  readonly wallMs: number;
}

type Fields = Readonly<Record<string, unknown>>;

export interface PolicyPage {
  readonly results: readonly Fields[];
  /** Of all pages. */
  readonly result_count: number;
  /** Left out: this is the last. */
  readonly cursor?: string;
}

export interface Page {
  readonly cursor?: string;
  readonly pageSize?: number;
}

/**
 * The policy tree. Paths begin with `/infra`. All throw MANAGER_BAD_REQUEST, MANAGER_REFUSED, MANAGER_NOT_FOUND,
 * MANAGER_CONFLICT, MANAGER_IN_USE or MANAGER_STORE, and resolve when what was asked for is durable.
 */
export interface PolicyApi {
  read(path: string): Promise<Fields>;
  list(collection: string, page: Page): Promise<PolicyPage>;
  /** `/infra` itself; with a filter, all below it of the types that it names, as {@link patchTree} takes it. */
  tree(filter: string | undefined): Promise<Fields>;
  put(path: string, body: unknown, author: Author): Promise<void>;
  patch(path: string, body: unknown, author: Author): Promise<void>;
  /** @param revision only if this is its revision */
  remove(path: string, revision: number | undefined, author: Author): Promise<void>;
  patchTree(body: unknown, author: Author): Promise<void>;
}

/** What gateways say of themselves. Undefined: no such gateway was ever heard of. */
export interface GatewayReports {
  gateways(): readonly GatewayState[];
  gateway(id: string): GatewayState | undefined;
  agents(id: string): readonly unknown[] | undefined;
  leases(id: string): readonly unknown[] | undefined;
  problems(id: string): readonly unknown[] | undefined;
}

export interface Node {
  readonly role: NodeRole;
  readonly id: string;
}

/** Nodes and their certificates. */
interface Nodes {
  /** Undefined: it never enrolled. */
  read(node: Node): Promise<Fields | undefined>;
  /** None of its certificates is good any more. @throws MANAGER_NOT_FOUND, MANAGER_STORE */
  revoke(node: Node, author: Author): Promise<void>;
  /** It may prove anew who it is, as if it had never been here. @throws MANAGER_NOT_FOUND, MANAGER_STORE */
  forget(node: Node, author: Author): Promise<void>;
  /** Which EC2 instances may enrol by themselves; undefined: none. */
  awsEnrolment(): Promise<Fields | undefined>;
  /** @throws MANAGER_BAD_REQUEST, MANAGER_STORE */
  configureAws(body: unknown, author: Author): Promise<void>;
  /** Which EC2 instances may enrol as gateways. */
  awsGateways(): Promise<readonly Fields[]>;
  /** @returns what is listed now @throws MANAGER_BAD_REQUEST, MANAGER_REFUSED, MANAGER_STORE */
  listAwsGateway(id: string, body: unknown, author: Author): Promise<Fields>;
  /** @throws MANAGER_NOT_FOUND, MANAGER_STORE */
  unlistAwsGateway(id: string, author: Author): Promise<void>;
  /** A token to enrol with, once. @throws MANAGER_REFUSED, MANAGER_STORE */
  newToken(node: Node, forMs: number | undefined, author: Author): Promise<EnrolmentToken>;
}

/** What the API is in front of. */
export interface Ports {
  readonly policy: PolicyApi;
  readonly reports: GatewayReports;
  readonly nodes: Nodes;
  /** How far gateways have come with an object. @throws MANAGER_NOT_FOUND */
  realized(path: string): Promise<Realized>;
  /** What is known about a port. @throws MANAGER_NOT_FOUND */
  portState(path: string): Promise<SegmentPortState>;
  cluster(): Promise<ClusterStatus>;
  /** Undefined: nothing is wrong. */
  trouble(): string | undefined;
}
