import { PcgError } from "../../base/error.ts";
import { backUpSqlite } from "../../manager/ledger/sqlite-backup.edge.ts";
import { parseStoreSpec } from "../../manager/ledger/store-spec.ts";

/** Copies the store while managers run. @returns the exit status @throws CONFIG_REFUSED, MANAGER_STORE */
export function backUp(spec: string, file: string | undefined): number {
  const store = parseStoreSpec(spec);
  if (file === undefined) throw new PcgError("CONFIG_REFUSED", { field: "FILE", why: "say where the copy is to be" });
  if (store.kind === "etcd")
    throw new PcgError("CONFIG_REFUSED", {
      field: "--store",
      value: spec,
      why: "etcd has its own: etcdctl snapshot save",
    });
  backUpSqlite(store.path, file);
  return 0;
}
