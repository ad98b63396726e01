import { readFileSync } from "node:fs";

const PLACES = ["build", "workstation", "manager", "gateway"] as const;
export type Place = (typeof PLACES)[number];

const text = readFileSync(new URL("../../appliance/AWS.md", import.meta.url), "utf8");

/** The blocks of commands of appliance/AWS.md for one place, in order. Throws where a block names no place that there is. */
export function commandsFor(place: Place): readonly string[] {
  const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, named = "", block = ""]) => ({
    named,
    block,
  }));
  const strange = blocks.filter(({ named }) => !PLACES.some((known) => named === `sh ${known}`));
  if (strange.length > 0) throw new Error(`no place is named by: ${strange.map(({ named }) => named).join(", ")}`);
  return blocks.filter(({ named }) => named === `sh ${place}`).map(({ block }) => block);
}
