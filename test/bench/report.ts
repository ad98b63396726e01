import { type Better, median, ratioOf, type Side } from "./statistics.ts";

/** One figure. `ratio` above 1 means that ours is better; `spread` is the least and the greatest ratio of a round. */
export interface Cell {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string;
  readonly ratio: number | null;
  readonly spread: readonly [number, number] | null;
  readonly n: number;
}

/** What a bench found: its figures, and what they cannot show. */
export interface Findings {
  readonly cells: readonly Cell[];
  readonly notes: readonly string[];
}

export interface Report extends Findings {
  readonly machine: string;
}

interface About {
  readonly name: string;
  readonly unit: string;
  readonly peerName: string;
  readonly better: Better;
}

/** A cell of rounds in which both were measured: medians, and the ratio round by round. */
export function pairedCell(about: About, rounds: readonly Record<Side, number>[]): Cell {
  const ratios = rounds.map((round) => ratioOf(about.better, round));
  return {
    name: about.name,
    unit: about.unit,
    ours: median(rounds.map((r) => r.ours)),
    peer: median(rounds.map((r) => r.peer)),
    peerName: about.peerName,
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    n: rounds.length,
  };
}

/** A cell of one figure each, out of `n` measurements. */
export const summaryCell = (about: About, figures: Record<Side, number>, n: number): Cell => ({
  name: about.name,
  unit: about.unit,
  ...figures,
  peerName: about.peerName,
  ratio: ratioOf(about.better, figures),
  spread: null,
  n,
});

/** A cell that nothing is compared with. */
export const loneCell = (name: string, unit: string, ours: number, n: number): Cell => ({
  name,
  unit,
  ours,
  peer: null,
  peerName: "none",
  ratio: null,
  spread: null,
  n,
});

const figure = (value: number | null) => {
  if (value === null) return "-";
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
};
const factor = (value: number) => value.toFixed(2);

const columns: readonly (readonly [title: string, of: (cell: Cell) => string])[] = [
  ["figure", (c) => c.name],
  ["unit", (c) => c.unit],
  ["ours", (c) => figure(c.ours)],
  ["peer", (c) => figure(c.peer)],
  ["ratio", (c) => (c.ratio === null ? "-" : `${factor(c.ratio)}×`)],
  ["spread", (c) => (c.spread ? `${factor(c.spread[0])}..${factor(c.spread[1])}` : "-")],
  ["n", (c) => `${c.n}`],
  ["peer is", (c) => c.peerName],
];

/** The report for people. */
export function tableText({ machine, cells, notes }: Report): string {
  const rows = [columns.map(([title]) => title), ...cells.map((c) => columns.map(([, of]) => of(c)))];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const isText = new Set([0, 1, columns.length - 1]);
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => (isText.has(at) ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return [machine, "", ...rows.map(line), "", "A ratio above 1 means that ours is better.", ...notes].join("\n");
}

/** The report for programs. */
export const jsonText = ({ machine, cells }: Report): string => `${JSON.stringify({ machine, cells }, null, 2)}\n`;
