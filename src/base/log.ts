import { printable } from "./printable.ts";

/** Facts that go with a log line. */
export type Facts = Readonly<Record<string, unknown>>;

/** One line per event, for journald. Text says what happened; facts say to whom. */
export interface Log {
  info(text: string, facts?: Facts): void;
  warn(text: string, facts?: Facts): void;
  error(text: string, facts?: Facts): void;
}

/**
 * `text key=value …`, strings quoted only where a reader would be misled. One line whatever is in it: one of its own would
 * begin with a priority of its own (sd-daemon(3)), and escapes would be obeyed by the terminal that shows the journal.
 */
export function formatLine(text: string, facts: Facts = {}): string {
  const words = Object.entries(facts).map(([name, value]) => `${name}=${word(value)}`);
  return printable([text, ...words].join(" "));
}

function word(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
  return typeof value === "string" && /[\s="]/.test(text) ? JSON.stringify(text) : text;
}
