import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../base/error.ts";
import type { LabPaths } from "./lab-paths.ts";
import { labNodes } from "./nodes.ts";
import { type Proof, type ProofResult, proofsOf } from "./proofs.ts";
import { run } from "./run.edge.ts";
import { keptSetup } from "./this-plan.edge.ts";
import { topology } from "./topology.ts";

/** Makes every fetch, and leaves on disk what came of it for `status`. */
export async function prove(lab: LabPaths, say: (line: string) => void): Promise<readonly ProofResult[]> {
  const results = await Promise.all(proofsOf(topology).map((proof) => tryProof(lab, proof)));
  for (const { holds, says, node, url, answer } of results)
    say(`${holds ? "proved" : "NOT PROVED"}: ${says}\n           ${node} $ curl ${url}\n           ${answer}`);
  writeFileSync(lab.proofs, `${JSON.stringify(results)}\n`);
  return results;
}

/** The first fetch may meet neighbours that are not yet resolved. */
const TRIES = 5;

async function tryProof(lab: LabPaths, proof: Proof): Promise<ProofResult> {
  const node = labNodes(topology, lab, keptSetup(lab)).find(({ name }) => name === proof.node);
  if (!node) throw new TypeError(`no node ${proof.node}`);
  let answer = "";
  for (let n = 0; n < TRIES && answer !== proof.expects; n++) {
    if (n > 0) await sleep(500);
    const fetched = run({ argv: ["curl", "-sS", "--max-time", "2", proof.url], namespace: node.namespace });
    answer = await fetched.then((text) => text.trim(), messageOf);
  }
  return { ...proof, answer, holds: answer === proof.expects };
}
