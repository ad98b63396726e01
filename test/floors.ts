import { cruise, type ICruiseResult, type IRegularForbiddenRuleType } from "dependency-cruiser";

/** Lower floors know nothing of the floors above; siblings on one floor know nothing of each other. */
const floors: readonly (readonly string[])[] = [
  ["base"],
  ["net"],
  ["wire"],
  ["model"],
  ["datapath", "dhcp", "lcp", "cloud"],
  ["kernel"],
  ["reconcile"],
  ["api", "manager", "boot", "upgrade"],
  ["lab"],
  ["bin"],
];

/** Fewer than this means the tool looked at nothing. */
const LEAST_FILES = 60;

const folder = (names: readonly string[]) => `^src/(${names.join("|")})/`;
const rule = (name: string, from: object, to: object): IRegularForbiddenRuleType => ({
  name,
  severity: "error",
  from,
  to,
});

const forbidden = [
  ...floors
    .slice(0, -1)
    .map((names, i) =>
      rule(
        `floor-${names[0]}-looks-up`,
        { path: folder(names), pathNot: "\\.test\\.ts$" },
        { path: folder(floors.slice(i + 1).flat()) },
      ),
    ),
  ...floors
    .filter((names) => names.length > 1)
    .map((names) =>
      rule(`floor-${names[0]}-looks-sideways`, { path: folder(names) }, { path: folder(names), pathNot: "^src/$1/" }),
    ),
  rule("no-cycles", {}, { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } }),
  rule(
    "only-edges-touch-the-world",
    { path: "^src/", pathNot: ["\\.edge\\.ts$", "^src/bin/", "\\.test\\.ts$"] },
    {
      path: "^(node:)?(net|dgram|fs|fs/promises|child_process|timers|timers/promises|http|https|tls|os|sqlite)$|node_modules/(fastify|koffi|netlink|ws)/",
      dependencyTypesNot: ["type-only"],
    },
  ),
  rule(
    "no-tests-in-product",
    { path: "^src/", pathNot: "\\.test\\.ts$" },
    { path: "\\.test\\.ts$|^test/|node_modules/(vitest|fast-check)/" },
  ),
];

const { output } = await cruise(["src", "test"], {
  ruleSet: { forbidden },
  tsPreCompilationDeps: true,
  doNotFollow: { path: "node_modules" },
  exclude: { path: "^build/" },
  validate: true,
});
const { summary } = output as ICruiseResult;
for (const { rule: broken, from, to } of summary.violations) process.stderr.write(`${broken.name}: ${from} → ${to}\n`);
if (summary.totalCruised < LEAST_FILES)
  process.stderr.write(`floors: only ${summary.totalCruised} files were looked at\n`);
process.stdout.write(`floors: ${summary.totalCruised} files, ${summary.violations.length} violations\n`);
process.exitCode = summary.violations.length > 0 || summary.totalCruised < LEAST_FILES ? 1 : 0;
