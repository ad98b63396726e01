import { createHash } from "node:crypto";
import { PcgError } from "../../base/error.ts";
import type { Change, Commits, Documents } from "../state/documents.ts";
import type { Role } from "./roles.ts";

const TOKENS = "/access/tokens/";

/** So many tokens, and no more, are good at once. */
const MOST_TOKENS = 1_000;

const TOKEN_BYTES = 32;

/** So that programs that look for secrets in public places know one. */
const MARK = "pcg_";

const FORM = /^pcg_[A-Za-z0-9_-]{43}$/;

/** What is kept of a token, which is never the token itself. Times are milliseconds since 1970. */
export interface TokenRecord {
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly createdBy: string;
  /** null: it is good until it is revoked. */
  readonly expiresAt: number | null;
}

/** Whoever asks, by the token that came with it. */
export interface Caller {
  /** The token's, which says nothing of the token. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

export interface Wanted {
  readonly name: string;
  readonly role: Role;
  /** Undefined: until it is revoked. */
  readonly forMs?: number;
}

export interface AccessWorld {
  readonly commits: Commits;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/** Who may use the API: whoever has a token that is good. */
export class Access {
  readonly #world: AccessWorld;

  constructor(world: AccessWorld) {
    this.#world = world;
  }

  /**
   * Tokens are looked for by their hash, so how long it takes says nothing of any token: what is compared nobody can
   * choose, and nobody who knew it could say which token it is of.
   *
   * @throws MANAGER_UNKNOWN_CALLER
   */
  callerOf(token: string): Caller {
    const id = idOf(token);
    const record = FORM.test(token) ? recordIn(this.#world.commits.documents, id) : undefined;
    if (!record) throw unknown("there is no such token");
    if (isOver(record, this.#world.wall())) throw unknown(`the token ${record.name} has expired`);
    return { id, name: record.name, role: record.role };
  }

  /** By ids, those that expired and were not yet cleared away too. */
  list(): readonly (TokenRecord & { readonly id: string })[] {
    return all(this.#world.commits.documents);
  }

  /** @throws MANAGER_NOT_FOUND */
  read(id: string): TokenRecord {
    return recordIn(this.#world.commits.documents, id) ?? notFound(id);
  }

  /** @returns the token, which nobody can tell again @throws MANAGER_CONFLICT, MANAGER_REFUSED, MANAGER_STORE */
  async create({ name, role, forMs }: Wanted, by: string): Promise<{ id: string; token: string }> {
    const { token, id, record } = this.#make({ name, role, ...(forMs === undefined ? {} : { forMs }) }, by);
    await this.#world.commits.commit(by, added(id, record));
    return { id, token };
  }

  /** @throws MANAGER_NOT_FOUND, MANAGER_REFUSED where nobody could make tokens any more, MANAGER_STORE */
  async revoke(id: string, by: string): Promise<void> {
    await this.#world.commits.commit(by, revoked(id, this.#world.wall()));
  }

  /**
   * A token for the first administrator, where no administrator has one. Several managers may ask at the same time.
   *
   * @param keep told of the token before it counts: whoever is killed in between must not have lost it
   * @returns the token, once; undefined: somebody has one @throws MANAGER_STORE
   */
  async first(keep: (token: string) => void = () => undefined): Promise<string | undefined> {
    if (hasAdministrator(this.#world.commits.documents, this.#world.wall())) return undefined;
    const { token, id, record } = this.#make({ name: "admin", role: "admin" }, "nsx-manager");
    keep(token);
    await this.#world.commits.commit("nsx-manager", (documents) =>
      hasAdministrator(documents, record.createdAt) ? new Map() : new Map([...sameName(documents), [key(id), record]]),
    );
    return recordIn(this.#world.commits.documents, id) ? token : undefined;
  }

  #make({ name, role, forMs }: Wanted, by: string): { token: string; id: string; record: TokenRecord } {
    const now = this.#world.wall();
    const token = MARK + Buffer.from(this.#world.random(TOKEN_BYTES)).toString("base64url");
    const expiresAt = forMs === undefined ? null : now + forMs;
    return { token, id: idOf(token), record: { name, role, createdAt: now, createdBy: by, expiresAt } };
  }
}

const key = (id: string) => TOKENS + id;
const idOf = (token: string): string => createHash("sha256").update(token).digest("hex");
const unknown = (why: string) => new PcgError("MANAGER_UNKNOWN_CALLER", { field: "Authorization", why });
const recordIn = (documents: Documents, id: string) => documents.get(key(id)) as TokenRecord | undefined;
const isOver = ({ expiresAt }: TokenRecord, wallMs: number): boolean => expiresAt !== null && expiresAt <= wallMs;

const all = (documents: Documents): (TokenRecord & { readonly id: string })[] =>
  [...documents.under(TOKENS)].map(([at, record]) => ({ id: at.slice(TOKENS.length), ...(record as TokenRecord) }));

/** Those that expired make room. Names say who it was in the audit log, so no two have the same. */
const added =
  (id: string, record: TokenRecord): Change =>
  (documents) => {
    const [over, good] = split(all(documents), (one) => isOver(one, record.createdAt));
    if (good.some(({ name }) => name === record.name))
      throw new PcgError("MANAGER_CONFLICT", {
        ...{ field: "name", value: record.name, why: "is the name of another token" },
        hint: "choose another, or revoke that one first",
      });
    if (good.length >= MOST_TOKENS)
      throw new PcgError("MANAGER_REFUSED", { why: `there are ${MOST_TOKENS} tokens`, hint: "revoke some" });
    return new Map<string, unknown>([...over.map((one) => [key(one.id), undefined] as const), [key(id), record]]);
  };

const revoked =
  (id: string, wallMs: number): Change =>
  (documents) => {
    const record = recordIn(documents, id) ?? notFound(id);
    if (isLasting(record) && !all(documents).some((other) => other.id !== id && isLasting(other)))
      throw new PcgError("MANAGER_REFUSED", {
        ...{ field: "id", value: id, why: "is the last administrator's token that does not expire" },
        hint: "create another such token first",
      });
    if (record.role === "admin" && !hasAdministrator(documents, wallMs, id))
      throw new PcgError("MANAGER_REFUSED", { field: "id", value: id, why: "is the last administrator's token" });
    return new Map([[key(id), undefined]]);
  };

function notFound(id: string): never {
  throw new PcgError("MANAGER_NOT_FOUND", { field: "id", value: id, why: "there is no such token" });
}

const isLasting = ({ role, expiresAt }: TokenRecord) => role === "admin" && expiresAt === null;

const hasAdministrator = (documents: Documents, wallMs: number, but?: string): boolean =>
  all(documents).some((one) => one.role === "admin" && one.id !== but && !isOver(one, wallMs));

/** Whoever had the first administrator's name makes room for it. */
const sameName = (documents: Documents) =>
  all(documents)
    .filter(({ name }) => name === "admin")
    .map(({ id }) => [key(id), undefined] as const);

function split<T>(list: readonly T[], is: (one: T) => boolean): readonly [T[], T[]] {
  return [list.filter(is), list.filter((one) => !is(one))];
}
