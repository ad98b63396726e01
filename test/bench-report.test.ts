import { expect, test } from "vitest";
import { chartSvg } from "./bench/chart.ts";
import { jsonText, loneCell, pairedCell, type Report, summaryCell, tableText } from "./bench/report.ts";

const udp = { name: "udp64-out-vxlan-10", unit: "ns", peerName: "kernel VXLAN", better: "less" } as const;
const rounds = [
  { ours: 2_000, peer: 3_000 },
  { ours: 1_000, peer: 3_000 },
  { ours: 2_500, peer: 2_500 },
];
const report: Report = {
  machine: "2 × CPU",
  cells: [
    pairedCell(udp, rounds),
    loneCell("apply-cold-file-10000", "ms", 1.5, 1),
    summaryCell({ name: "p99", unit: "ms", peerName: "nft", better: "less" }, { ours: 4, peer: 20 }, 60),
  ],
  notes: ["What it cannot show."],
};

test("pairedCell takes ratios round by round, not of the medians", () => {
  expect(pairedCell(udp, rounds)).toEqual({
    name: "udp64-out-vxlan-10",
    unit: "ns",
    ours: 2_000,
    peer: 3_000,
    peerName: "kernel VXLAN",
    ratio: 1.5,
    spread: [1, 3],
    n: 3,
  });
});

test("pairedCell of no rounds is refused", () => {
  expect(() => pairedCell(udp, [])).toThrow(RangeError);
});

test("jsonText gives machine and cells with exactly the promised fields", () => {
  const { machine, cells, ...rest } = JSON.parse(jsonText(report));
  expect(rest).toEqual({});
  expect(machine).toBe("2 × CPU");
  for (const cell of cells)
    expect(Object.keys(cell)).toEqual(["name", "unit", "ours", "peer", "peerName", "ratio", "spread", "n"]);
});

test("tableText lines the columns up and says what cannot be seen", () => {
  expect(tableText(report)).toMatchInlineSnapshot(`
    "2 × CPU

    figure                 unit  ours  peer  ratio      spread   n  peer is
    udp64-out-vxlan-10     ns    2000  3000  1.50×  1.00..3.00   3  kernel VXLAN
    apply-cold-file-10000  ms    1.50     -      -           -   1  none
    p99                    ms    4.00  20.0  5.00×           -  60  nft

    A ratio above 1 means that ours is better.
    What it cannot show."
  `);
});

test("chartSvg draws a bar to the right for better, to the left for worse, none where nothing was compared", () => {
  const worse = pairedCell({ ...udp, name: "tcp<mtu>" }, [{ ours: 2_000, peer: 1_000 }]);
  const svg = chartSvg({ ...report, cells: [...report.cells, worse] });
  const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)" .*fill="(#\w+)"/g)];
  const middle = Number(svg.match(/<text x="([\d.]+)"[^>]*>1×</)?.[1]);
  expect(bars).toHaveLength(2);
  const [better, other] = bars.map(([, x, width, colour]) => ({ from: Number(x), width: Number(width), colour }));
  expect(better?.from).toBe(middle);
  expect((other?.from ?? 0) + (other?.width ?? 0)).toBeCloseTo(middle, 0);
  expect(other?.width).toBeGreaterThan(better?.width ?? 0);
  expect(better?.colour).not.toBe(other?.colour);
  expect(svg).toContain("tcp&lt;mtu>");
});
