import { PcgError } from "../../base/error.ts";

/** Where the managers' store is. */
export type StoreSpec =
  | { readonly kind: "sqlite"; readonly path: string }
  | {
      readonly kind: "etcd";
      readonly endpoints: readonly Endpoint[];
      /** What all keys begin with. */
      readonly prefix: string;
      /** Undefined: no TLS. */
      readonly tls: TlsFiles | undefined;
      readonly user: UserFile | undefined;
    };

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Paths of PEM files; without `ca` the machine's own authorities are believed. */
export interface TlsFiles {
  readonly ca?: string;
  readonly client?: { readonly cert: string; readonly key: string };
}

/** The password is a file's only line: what is in a specification shows up in logs. */
export interface UserFile {
  readonly name: string;
  readonly passwordFile: string;
}

const ETCD_PORT = 2379;
const DEFAULT_PREFIX = "/pcg";

/**
 * Reads `/path`, `sqlite:/path`, or `etcd://[USER@]HOST[:PORT],…[/PREFIX][?password-file=…]`; `etcds://` for TLS, which
 * also takes `ca=…` and `cert=…&key=…`. Where etcd has users, its gateway refuses certificates with a CN; and the user
 * needs a role that may read and write all under PREFIX.
 *
 * @throws CONFIG_REFUSED
 */
export function parseStoreSpec(spec: string): StoreSpec {
  const refuse = (why: string) => new PcgError("CONFIG_REFUSED", { field: "store", value: spec, why });
  const [, scheme, rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(spec) ?? [undefined, "sqlite", spec];
  if (scheme === "sqlite") {
    if (rest === "" || rest.startsWith(":") || rest.includes("\0")) throw refuse("is no path of a file");
    return { kind: "sqlite", path: rest };
  }
  if (scheme !== "etcd" && scheme !== "etcds") throw refuse("is neither a path nor sqlite:, etcd:// or etcds://");
  const match = /^\/\/(?:([^@/?]+)@)?([^@/?]+)(\/[^?]*)?(?:\?(.*))?$/.exec(rest);
  if (!match) throw refuse("lacks //HOST:PORT");
  const [, user, hosts = "", path = "", query = ""] = match;
  try {
    const params = readParams(query, scheme === "etcds");
    return {
      kind: "etcd",
      endpoints: hosts.split(",").map(parseEndpoint),
      prefix: parsePrefix(path),
      tls: scheme === "etcds" ? tlsOf(params) : undefined,
      user: userOf(user, params),
    };
  } catch (error) {
    if (error instanceof Flaw) throw refuse(error.message);
    throw error;
  }
}

class Flaw extends Error {}

function parseEndpoint(text: string): Endpoint {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? ETCD_PORT);
  if (!match || port < 1 || port > 65_535) throw new Flaw(`${JSON.stringify(text)} is no HOST:PORT`);
  return { host: match[1] ?? match[2] ?? "", port };
}

function parsePrefix(path: string): string {
  const prefix = path.replace(/\/$/, "");
  if (prefix === "") return DEFAULT_PREFIX;
  if (!/^(\/[A-Za-z0-9._-]+)+$/.test(prefix)) throw new Flaw(`${JSON.stringify(path)} is no prefix of keys`);
  return prefix;
}

type Params = ReadonlyMap<string, string>;

function readParams(query: string, tls: boolean): Params {
  const known = tls ? ["ca", "cert", "key", "password-file"] : ["password-file"];
  const params = [...new URLSearchParams(query)];
  for (const [name, value] of params) {
    if (!known.includes(name)) throw new Flaw(`${JSON.stringify(name)} is none of ${known.join(", ")}`);
    if (value === "") throw new Flaw(`${name} is empty`);
  }
  return new Map(params);
}

function tlsOf(params: Params): TlsFiles {
  const [ca, cert, key] = [params.get("ca"), params.get("cert"), params.get("key")];
  if ((cert === undefined) !== (key === undefined)) throw new Flaw("cert and key go together");
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { client: { cert, key } }),
  };
}

function userOf(name: string | undefined, params: Params): UserFile | undefined {
  const passwordFile = params.get("password-file");
  if (name?.includes(":")) throw new Flaw("a password does not belong here: name a password-file");
  if ((name === undefined) !== (passwordFile === undefined)) throw new Flaw("USER@ and password-file go together");
  return name === undefined || passwordFile === undefined ? undefined : { name, passwordFile };
}
