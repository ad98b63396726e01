import { printable, printableLines } from "../base/printable.ts";
import type { Check } from "./check.ts";
import type { Problem } from "./problem.ts";
import type { BootState } from "./state.ts";

const phases: Record<BootState["phase"], string> = {
  closed: "CLOSED: nothing is forwarded until what is wrong is mended",
  starting: "starting",
  ready: "ready",
  unhealthy: "UNHEALTHY",
};

/** What the serial console shows above its login; issue(5) has `\` for its own. */
export const issueText = (state: BootState): string =>
  [
    "",
    `Public Cloud Gateway ${state.version}: ${phases[state.phase]}`,
    ...[`  ${whoText(state)}`, ...interfaceLines(state).map((line) => `  ${line}`)],
    ...whatIsWrong(state).map((line) => `  ${line}`),
    "",
  ]
    .map((line) => `${printable(line).replaceAll("\\", "\\\\")}\n`)
    .join("");

/** The line on the console when something has changed. */
export function consoleLine(state: BootState): string {
  const [first, ...more] = wrongs(state);
  const others = more.length === 0 ? "" : ` (and ${more.length} more; pcg-boot diagnosis)`;
  return printable(`pcg-boot: ${phases[state.phase]}${first === undefined ? "" : `: ${first}${others}`}`);
}

/** What the console is told with it: once the unit is settled, who it is and how it is, for its login was shown before. */
export const consoleText = (state: BootState): string =>
  state.phase === "starting" ? consoleLine(state) : `${consoleLine(state)}\n${issueText(state).trim()}`;

export const diagnosisText = (state: BootState): string =>
  printableLines(
    [
      `${phases[state.phase]}, since ${state.since}`,
      whoText(state),
      `version ${state.version}${state.slot === null ? "" : `, slot ${state.slot}`}`,
      ...(state.managers.length === 0 ? [] : [`managers ${state.managers.join(", ")}`]),
      "",
      "interfaces",
      ...interfaceLines(state).map((line) => `  ${line}`),
      "",
      "problems",
      ...(state.problems.length === 0 ? ["  none"] : state.problems.flatMap(problemLines)),
      "",
      "self-test",
      ...indented(selftestText(state.checks)),
    ].join("\n"),
  );

export const selftestText = (checks: readonly Check[]): string =>
  checks.length === 0
    ? "not run: there is nothing to test yet"
    : checks
        .flatMap(({ name, state, says, remedy, isLocal }) => [
          `${state.padEnd(8)} ${name.padEnd(12)} ${says}${isLocal ? "" : " (not counted)"}`,
          ...(remedy === null ? [] : [`${" ".repeat(22)}→ ${remedy}`]),
        ])
        .join("\n");

const indented = (text: string) => text.split("\n").map((line) => `  ${line}`);

function whoText({ unit, instance, source }: BootState): string {
  const who = unit === null ? "no unit yet" : `unit ${unit}`;
  if (!instance) return `${who}, of an instance that is not known`;
  const when = source === "last" ? " (as known from the last boot)" : "";
  return `${who}, instance ${instance.id} (${instance.type}, ${instance.zone})${when}`;
}

function interfaceLines({ interfaces }: BootState): string[] {
  return interfaces.map(({ role, deviceNumber, name, mac, address, secondaries, state }) => {
    const head = `${role.padEnd(10)}  `;
    if (name === null) return `${head}MISSING (device number ${deviceNumber})`;
    const further = secondaries.length === 0 ? "" : ` +${secondaries.length} (${secondaries.join(", ")})`;
    return `${head}${name.padEnd(8)}  ${mac}  ${address}  ${state}${further}`;
  });
}

const problemLines = ({ code, what, remedy }: Problem) => [`  ${code}: ${what}`, `    → ${remedy}`];

/** Everything that is not as it should be, most telling first. */
const wrongs = ({ problems, checks }: BootState): string[] => [
  ...problems.map(({ code, what }) => `${code}: ${what}`),
  ...checks.filter(({ isLocal, state }) => isLocal && state !== "ok").map(({ name, says }) => `${name}: ${says}`),
];

/** With what to do about each. */
const whatIsWrong = ({ problems, checks }: BootState): string[] => [
  ...problems.flatMap(({ code, what, remedy }) => [`! ${code}: ${what}`, `  → ${remedy}`]),
  ...checks
    .filter(({ isLocal, state }) => isLocal && state !== "ok")
    .flatMap(({ name, says, remedy }) => [`! ${name}: ${says}`, ...(remedy === null ? [] : [`  → ${remedy}`])]),
];
