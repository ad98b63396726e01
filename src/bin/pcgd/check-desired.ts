import { checkDhcpServer } from "../../dhcp/check.ts";
import { type Checked, checkDesired } from "../../model/check.ts";
import type { DesiredState } from "../../model/desired.ts";
import type { Flaw } from "../../model/flaw.ts";

/** The whole check of a wish: its own, and that of each DHCP server against its segment. */
export function checkWish(document: unknown): Checked<DesiredState> {
  const checked = checkDesired(document);
  if (!checked.ok) return checked;
  const { dhcp = [], segments } = checked.value;
  const flaws = dhcp.flatMap((server, i): Flaw[] => {
    const segment = segments.find((s) => s.id === server.segment);
    if (!segment) return [{ field: `dhcp[${i}].segment`, value: server.segment, why: "no such segment" }];
    return checkDhcpServer(server, segment).map((f) => ({ ...f, field: `dhcp[${i}].${f.field}` }));
  });
  return flaws.length > 0 ? { ok: false, flaws } : checked;
}
