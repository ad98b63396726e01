import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { startOrEnd } from "../../base/service.edge.ts";
import { stderrLog as log } from "../../base/stderr-log.edge.ts";
import { systemClock as clock } from "../../base/system-clock.edge.ts";
import { Compiler } from "../../manager/ccp/compiler.ts";
import { Enrolment } from "../../manager/enrol/enrolment.ts";
import { ownCredentials } from "../../manager/enrol/own-credentials.ts";
import { Access } from "../../manager/http/access.ts";
import type { Ledger } from "../../manager/ledger/ledger.ts";
import { openLedger } from "../../manager/ledger/open-ledger.edge.ts";
import { ClaimIndex } from "../../manager/policy/claim-index.ts";
import { Book } from "../../manager/state/book.ts";
import type { Documents } from "../../manager/state/documents.ts";
import { serveGateways } from "./control-plane.edge.ts";
import { firstStart } from "./first-start.edge.ts";
import { serveApi } from "./management-plane.edge.ts";
import { endpointOf, type RunOptions } from "./options.ts";
import { OwnFiles } from "./own-files.edge.ts";
import { LIFE_MS, renewAll } from "./renewal.ts";

/** What takes longer to end, such as a change that waits for a store that is away, is not waited for. */
const END_MS = 5_000;

/** Serves until it is told to stop. @returns the exit status */
export async function run(options: RunOptions): Promise<number> {
  const ended = Promise.withResolvers<number>();
  // Until it serves there is nothing to close.
  let stop = (): void => process.exit(0);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop());
  const close = await startOrEnd(() => start(options, ended.resolve), { log });
  stop = () => ended.resolve(0);
  const status = await ended.promise;
  await close();
  return status;
}

/** @param end called with an exit status when it cannot go on @returns its undo */
async function start(options: RunOptions, end: (status: number) => void): Promise<() => Promise<void>> {
  const api = endpointOf("listen", options.listen);
  const controller = endpointOf("controller", options.controller);
  const files = new OwnFiles(options.state);
  const store = openLedger(options.store, { clock, log });
  const book = await openBook(store.ledger, (why) => {
    log.error("what this manager knows is out of date: it starts again", { why });
    end(1);
  });
  const access = new Access({ commits: book, wall: () => clock.wall(), random: (bytes) => randomBytes(bytes) });
  await firstStart({ commits: book, access, files, clock, log });
  const enrolment = new Enrolment({ commits: book, clock, log });

  const hosts = [...new Set([...options.name, hostname(), "localhost", "127.0.0.1"])];
  const grant = { identity: { role: "manager", id: options.id }, hosts, forMs: LIFE_MS } as const;
  const makeCredentials = () => ownCredentials(book.documents, grant, clock.wall());
  const parts = { as: await makeCredentials(), book, enrolment, clock, log };
  const control = await serveGateways({ ...parts, at: controller });
  const management = await serveApi({
    ...{ ...parts, at: api, store, access, reports: control.reports },
    ...{ name: hosts[0] ?? options.id, address: options.listen, audit: files.path("audit") },
  });
  const stopRenewing = renewAll({ clock, log }, makeCredentials, (next) => {
    control.renew(next);
    management.renew(next);
  });
  log.info("nsx-manager serves", { api: options.listen, gateways: options.controller, store: options.store });
  return async () => {
    stopRenewing();
    await inTime(Promise.allSettled([management.close(), control.close()]));
    await inTime(book.close());
    await store.ledger.close();
  };
}

async function inTime(ending: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(END_MS, late.resolve);
  await Promise.race([ending, late.promise]).finally(cancel);
}

function openBook(ledger: Ledger, lost: (why: string) => void): Promise<Book<Compiler>> {
  let claims: ClaimIndex | undefined;
  const compile = (documents: Documents) => {
    claims = ClaimIndex.over(documents);
    return new Compiler(documents);
  };
  return Book.open({ ledger, clock, log, compile, lost, reader: ({ keys }) => claims?.changed(keys) });
}
