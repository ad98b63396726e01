import type Type from "typebox";
import type { Access, Caller } from "./access.ts";
import type { AuditLog } from "./audit.ts";
import type { Ports } from "./ports.ts";
import type { Role } from "./roles.ts";

export type Method = "GET" | "PUT" | "PATCH" | "POST" | "DELETE";

/** A request whose sender may do what it asks for, and whose query has only what the route knows. */
export interface ApiRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** As the route's schema has it, where it has one. */
  readonly body: unknown;
  /** Revision that `If-Match` names. */
  readonly ifMatch: number | undefined;
  readonly caller: Caller;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** What the routes are in front of. */
export interface Behind extends Ports {
  readonly access: Access;
  readonly audit: AuditLog;
  /** The OpenAPI document. */
  readonly document: unknown;
}

export interface Answer {
  /** Undefined: none. */
  readonly body?: unknown;
  /** Of the object that is answered. */
  readonly revision?: number;
}

/** One row of the API: where, who may, what goes in and comes out, what is done. */
export interface Route {
  readonly method: Method;
  /** As OpenAPI writes it. `*` at the end: what the table of kinds has there. */
  readonly path: string;
  readonly says: string;
  readonly needs: Role | "nobody";
  /** What may stand in the query, and what it says. */
  readonly query?: Readonly<Record<string, Type.TSchema>>;
  /** Undefined: there is none, or the tree of policy looks at it. */
  readonly body?: Type.TSchema;
  readonly takes?: "object" | "tree";
  /** Of a 200; undefined: it is empty. */
  readonly answers?: Type.TSchema | "tree";
  handle(request: ApiRequest, behind: Behind): Promise<Answer> | Answer;
}

export const PAGE_SIZE = 1_000;
