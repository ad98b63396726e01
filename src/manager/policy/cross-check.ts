import { PcgError } from "../../base/error.ts";
import type { Flaw } from "../../model/flaw.ts";
import { bindings } from "./checks/binding.ts";
import { type Check, type Finding, Scope } from "./checks/check.ts";
import { dhcpOptions } from "./checks/dhcp-option.ts";
import { dhcpRanges } from "./checks/dhcp-range.ts";
import { elasticIps } from "./checks/elastic-ip.ts";
import { groups } from "./checks/group.ts";
import { natRules } from "./checks/nat.ts";
import { pats } from "./checks/pat.ts";
import { ports } from "./checks/port.ts";
import { inUse, orphans, references } from "./checks/reference.ts";
import { routes } from "./checks/route.ts";
import { specialUses } from "./checks/special-use.ts";
import { subnets } from "./checks/subnet.ts";
import { vni } from "./checks/vni.ts";
import type { Draft } from "./draft.ts";
import { join } from "./form.ts";
import { refuse } from "./refusal.ts";

/** What must be true of all objects together. Each looks at what was edited and at what that touches. */
const checks: readonly Check[] = [
  references,
  vni,
  subnets,
  specialUses,
  routes,
  dhcpRanges,
  dhcpOptions,
  bindings,
  ports,
  elasticIps,
  pats,
  natRules,
  groups,
];

/** Named of those that refer to something; their number is said as well. */
const MOST_NAMED = 10;

/**
 * @param places where an edited object stands in what was sent
 * @throws MANAGER_NOT_FOUND for a parent, MANAGER_IN_USE, MANAGER_REFUSED
 */
export function crossCheck(draft: Draft, places: ReadonlyMap<string, string>): void {
  const scope = new Scope(draft);
  refuseOrphans(scope);
  refuseInUse(scope);
  const findings = checks.flatMap((check) => [...check(scope)]);
  refuseLoss(scope, findings);
  refuse(
    "MANAGER_REFUSED",
    findings.map((finding) => flawOf(finding, places)),
  );
}

function refuseOrphans(scope: Scope): void {
  const [orphan] = orphans(scope);
  if (!orphan) return;
  const why = `there is no ${orphan.parent}, below which it would be; create that first`;
  throw new PcgError("MANAGER_NOT_FOUND", { path: orphan.path, parent: orphan.parent, why });
}

function refuseInUse(scope: Scope): void {
  const [used] = inUse(scope);
  if (!used) return;
  const { path, by } = used;
  const why = "other objects refer to it; change or remove those first";
  throw new PcgError("MANAGER_IN_USE", { path, by: by.slice(0, MOST_NAMED), count: by.length, why });
}

/** Where all that was done is removing, and others cannot be without it: it is in use. */
function refuseLoss(scope: Scope, findings: readonly Finding[]): void {
  const [first] = findings;
  const removed = scope.edited.at(-1)?.path;
  if (!first || removed === undefined || scope.edited.some(({ after }) => after !== undefined)) return;
  const by = [...new Set(findings.map((finding) => finding.path))];
  const why = `${first.path} needs it (${first.field}); change or remove that first`;
  throw new PcgError("MANAGER_IN_USE", { path: removed, by: by.slice(0, MOST_NAMED), count: by.length, why });
}

/** An object that stands in what was sent is named by its place there, any other by its path. */
function flawOf({ path, field, value, why }: Finding, places: ReadonlyMap<string, string>): Flaw & { path: string } {
  const at = places.get(path);
  return { field: at === undefined ? `${path} ${field}` : join(at, field), value, why, path };
}
