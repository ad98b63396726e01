import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { pinOf } from "../../lcp/enrol/pin.ts";
import { authorityIn, ensureAuthority } from "../../manager/enrol/authority-document.ts";
import type { Access } from "../../manager/http/access.ts";
import type { Commits } from "../../manager/state/documents.ts";
import type { OwnFiles } from "./own-files.edge.ts";

const AUTHORITY_NAME = "nsx-manager";

export interface FirstStartParts {
  readonly commits: Commits;
  readonly access: Access;
  readonly files: OwnFiles;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What must be there before anybody can ask: an authority, and a token for the first administrator. What only this once
 * can be known is on disk before it counts.
 *
 * @throws MANAGER_STORE, CONFIG_UNREADABLE
 */
export async function firstStart({ commits, access, files, clock, log }: FirstStartParts): Promise<void> {
  const makeRoot = (keep: (key: string) => void) =>
    ensureAuthority(commits, AUTHORITY_NAME, clock.wall(), ({ key }) => keep(key));
  if (await files.keep("root.key", makeRoot))
    log.info("a root was made: take its key away and lock it up", { file: files.path("root.key") });
  const { root } = authorityIn(commits.documents);
  files.write("authority.pem", root, { isSecret: false });
  const pin = pinOf(root);
  files.write("pin", pin, { isSecret: false });
  log.info("nodes enrol with this pin", { pin, file: files.path("pin") });
  if (await files.keep("admin.token", (keep) => access.first(keep)))
    log.info("an administrator's token was made", { file: files.path("admin.token") });
}
