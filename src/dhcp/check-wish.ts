import { type Checked, checkDesired } from "../model/check.ts";
import type { DesiredState } from "../model/desired.ts";
import type { Flaw } from "../model/flaw.ts";
import type { Unit } from "../model/unit.ts";
import { unitFlaws } from "../model/unit-check.ts";
import { checkDhcpServer } from "./check.ts";
import { endpointFlaws } from "./check-endpoints.ts";

/** The whole check of a wish: its own, each DHCP server against its segment and its ports, all against the unit. */
export function checkWish(document: unknown, unit?: Unit): Checked<DesiredState> {
  const checked = checkDesired(document);
  if (!checked.ok) return checked;
  const { dhcp = [], segments, endpoints } = checked.value;
  const flaws = dhcp.flatMap((server, i): Flaw[] => {
    const segment = segments.find((s) => s.id === server.segment);
    if (!segment) return [{ field: `dhcp[${i}].segment`, value: server.segment, why: "no such segment" }];
    return [...checkDhcpServer(server, segment), ...endpointFlaws(server, endpoints)].map((f) => ({
      ...f,
      field: `dhcp[${i}].${f.field}`,
    }));
  });
  const all = unit ? [...flaws, ...unitFlaws(checked.value, unit)] : flaws;
  return all.length > 0 ? { ok: false, flaws: all } : checked;
}
