import { readFileSync } from "node:fs";
import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { EtcdClient } from "./etcd-client.edge.ts";
import type { Tls } from "./etcd-http.edge.ts";
import { EtcdKeys } from "./etcd-keys.ts";
import { EtcdLeases } from "./etcd-leases.edge.ts";
import { EtcdLedger } from "./etcd-ledger.edge.ts";
import type { Leases } from "./leases.ts";
import type { Ledger } from "./ledger.ts";
import { SqliteLeases } from "./sqlite-leases.edge.ts";
import { SqliteLedger } from "./sqlite-ledger.edge.ts";
import { openSqliteStore } from "./sqlite-store.edge.ts";
import { StoreHealth } from "./store-health.ts";
import { parseStoreSpec, type TlsFiles, type UserFile } from "./store-spec.ts";

/** What managers share. Closing the ledger closes all of it. */
export interface Store {
  readonly ledger: Ledger;
  readonly leases: Leases;
  /** Why it has not done what it was asked for a while; undefined: it does. */
  trouble(): string | undefined;
}

/**
 * Opens the store that a specification names (see {@link parseStoreSpec}). An etcd that cannot be reached is found out at
 * the first question.
 *
 * @throws CONFIG_REFUSED, MANAGER_STORE
 */
export function openLedger(spec: string, parts: { readonly clock: Clock; readonly log: Log }): Store {
  const store = parseStoreSpec(spec);
  const health = new StoreHealth(() => parts.clock.now());
  const trouble = () => health.trouble;
  if (store.kind === "sqlite") {
    const db = openSqliteStore(store.path);
    return { ledger: new SqliteLedger(db, parts), leases: new SqliteLeases(db, parts.clock, health), trouble };
  }
  const { endpoints, prefix, tls, user } = store;
  const client = new EtcdClient({
    ...{ endpoints, clock: parts.clock, health },
    tls: tls && readTls(tls),
    user: user && readUser(user),
  });
  const keys = new EtcdKeys(prefix);
  return { ledger: new EtcdLedger(client, keys, parts), leases: new EtcdLeases(client, keys, parts.clock), trouble };
}

const readTls = ({ ca, client }: TlsFiles): Tls => ({
  ...(ca === undefined ? {} : { ca: read("store ca", ca) }),
  ...(client ? { client: { cert: read("store cert", client.cert), key: read("store key", client.key) } } : {}),
});

const readUser = ({ name, passwordFile }: UserFile) => ({
  name,
  password: read("store password-file", passwordFile).trimEnd(),
});

function read(field: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new PcgError("CONFIG_UNREADABLE", { field, path, why: messageOf(error) }, error);
  }
}
