import type Type from "typebox";
import { fromReceiver, fromSource, PROTOCOL } from "../src/lcp/protocol.ts";
import { resourceTypes } from "../src/lcp/resource.ts";
import { PING_MS, REPORTS_PATH, SILENT_MS, STATE_PATH } from "../src/lcp/sockets.ts";
import { type ReferenceRow, referenceOf } from "../src/model/reference.ts";
import { reportBodies } from "../src/model/report.ts";
import { runtimeBodies } from "../src/model/runtime.ts";

type Table = Readonly<Record<string, Type.TSchema>>;

/** The reference of the control plane's protocol, out of the tables that programs check messages with. */
export const lcpReference = (): string =>
  `${[
    "# The control plane's protocol",
    `Version ${PROTOCOL}. Made from the tables in \`protocol.ts\`, \`../model/runtime.ts\` and \`../model/report.ts\`: change those.`,
    `One JSON object is one WebSocket text message, over TLS 1.3 with a certificate at each end. A receiver of state comes to \`${STATE_PATH}\`. To \`${REPORTS_PATH}\` comes who has something to report: there it is the server that is the receiver. The server pings every ${PING_MS / 1_000} s; who is silent for ${SILENT_MS / 1_000} s is gone.`,
    "## What a source says",
    ...messages(fromSource),
    "## What a receiver says",
    ...messages(fromReceiver),
    "## Resources: runtime state",
    "None comes before what it refers to; a `body` is:",
    ...inOrder(runtimeBodies),
    "## Resources: reports",
    ...inOrder(reportBodies),
  ].join("\n\n")}\n`;

const messages = (table: Table) => Object.entries(table).map(([kind, schema]) => section(`kind: "${kind}"`, schema));

const inOrder = (bodies: Table) =>
  resourceTypes.flatMap((type) => {
    const body = bodies[type];
    return body ? [section(`type: "${type}"`, body)] : [];
  });

function section(title: string, schema: Type.TSchema): string {
  const says = (schema as { readonly description?: string }).description;
  const rows = referenceOf(schema).map(row);
  return [`### ${title}`, ...(says ? ["", says] : []), ...(rows.length > 0 ? ["", ...rows] : [])].join("\n");
}

const row = ({ field, form, required, says }: ReferenceRow) =>
  `- \`${field}\` (${form}${required ? "" : ", optional"})${says ? `: ${says}` : ""}`;
