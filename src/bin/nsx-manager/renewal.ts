import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";

/** Of a manager's own certificates. */
export const LIFE_MS = 30 * 86_400_000;
const RETRY_MS = 3_600_000;

/** Makes new credentials long before the old are over, for as long as the process lives. @returns its undo */
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
