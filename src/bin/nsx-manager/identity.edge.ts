import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";
import type { Identity } from "../../lcp/identity.ts";
import { newRequest } from "../../lcp/request.ts";
import { Authority } from "../../manager/enrol/authority.ts";
import { authorityIn, issuerOf } from "../../manager/enrol/authority-document.ts";
import type { Commits } from "../../manager/state/documents.ts";

const LIFE_MS = 30 * 86_400_000;
const RETRY_MS = 3_600_000;

/** By what a manager is known: certificate and intermediate, key, root. */
export async function managerCredentials(
  { documents }: Commits,
  identity: Identity,
  hosts: readonly string[],
  wallMs: number,
): Promise<Credentials> {
  const authority = authorityIn(documents);
  const issuer = issuerOf(authority);
  const { key, request } = await newRequest();
  const { pem } = await new Authority(issuer).issue(request, { identity, forMs: LIFE_MS, hosts }, wallMs);
  return { certificate: `${pem.trimEnd()}\n${issuer.certificate.trimEnd()}\n`, key, authority: authority.root };
}

/** Makes new ones long before the old are over, for as long as the process lives. @returns its undo */
export function renewAll(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  make: () => Promise<Credentials>,
  use: (credentials: Credentials) => void,
): () => void {
  let cancel = (): void => undefined;
  const later = (ms: number) => {
    cancel = clock.after(ms, () => {
      make().then(
        (made) => {
          use(made);
          later(LIFE_MS / 2);
        },
        (error: unknown) => {
          log.warn("this manager's certificate is not renewed yet", { why: messageOf(error) });
          later(RETRY_MS);
        },
      );
    });
  };
  later(LIFE_MS / 2);
  return () => cancel();
}
