import type { Cell, Report } from "./report.ts";

/** Pixels. */
const ROW = 22;
const TOP = 56;
const BOTTOM = 12;
const LABELS = 210;
const PLOT = 430;
const FIGURES = 200;
const WIDTH = LABELS + PLOT + FIGURES;

const colours = { better: "#1b7f79", worse: "#c2571a", line: "#d0d0d0", text: "#222222", spread: "#555555" } as const;

interface Compared extends Cell {
  readonly ratio: number;
  readonly spread: readonly [number, number];
}

const isCompared = (cell: Cell): cell is Compared => cell.ratio !== null && cell.spread !== null;

/**
 * The ratios as an SVG picture: a bar for each, to the right of 1 where ours is better, to the left where it is worse,
 * as long for twice as for half. A thin line is the least and the greatest of a round.
 */
export function chartSvg({ machine, cells }: Report): string {
  const rows = cells.filter(isCompared);
  const reach = Math.max(1, ...rows.flatMap(({ spread }) => spread.map((ratio) => Math.abs(Math.log2(ratio)))));
  const x = (ratio: number) => LABELS + PLOT / 2 + (Math.log2(ratio) / Math.ceil(reach)) * (PLOT / 2);
  const title = `How many times cheaper ours is than its peer: ${machine}`;
  const height = TOP + rows.length * ROW + BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(12, 18, title),
    ...ticks(Math.ceil(reach)).flatMap((ratio) => [
      text(x(ratio), TOP - 12, `${ratio}×`, "middle"),
      `<path d="M${at(x(ratio))} ${TOP - 6}V${height - BOTTOM}" stroke="${ratio === 1 ? colours.text : colours.line}"/>`,
    ]),
    ...rows.flatMap((cell, n) => row(cell, TOP + n * ROW, x)),
    "</svg>\n",
  ].join("\n");
}

/** 1 and its doubles and halves. */
const ticks = (reach: number) => Array.from({ length: 2 * reach + 1 }, (_, n) => 2 ** (n - reach));

function row({ name, unit, ours, peer, ratio, spread }: Compared, y: number, x: (ratio: number) => number): string[] {
  const middle = y + ROW / 2;
  const [left, right] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
  const figures = `${ratio.toFixed(2)}× (${shown(ours)} / ${shown(peer)} ${unit})`;
  return [
    text(LABELS - 8, middle + 4, name, "end"),
    `<rect x="${at(left)}" y="${y + 4}" width="${at(right - left)}" height="${ROW - 8}" fill="${colours[ratio < 1 ? "worse" : "better"]}"/>`,
    `<path d="M${at(x(spread[0]))} ${middle}H${at(x(spread[1]))}" stroke="${colours.spread}" stroke-width="2"/>`,
    text(LABELS + PLOT + 8, middle + 4, figures),
  ];
}

const at = (pixels: number) => pixels.toFixed(1);
const shown = (value: number | null) => (value === null ? "-" : value.toFixed(0));

const text = (x: number, y: number, content: string, anchor: "start" | "middle" | "end" = "start") =>
  `<text x="${at(x)}" y="${y}" fill="${colours.text}" text-anchor="${anchor}">${escaped(content)}</text>`;

const escaped = (content: string) => content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
