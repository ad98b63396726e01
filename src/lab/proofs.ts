import type { Topology } from "./topology.ts";

/** A fetch that shows a way through the gateway, and the answer that proves it. */
export interface Proof {
  readonly says: string;
  /** Where it is asked from, as `lab exec` names it. */
  readonly node: string;
  readonly url: string;
  readonly expects: string;
}

/** What must work before a laboratory counts as up. */
export function proofsOf({ machines, elasticIps, pat, hosts, internet }: Topology): readonly Proof[] {
  return machines.flatMap(({ name, staticIp }): Proof[] => {
    const eip = elasticIps.find(({ machine }) => machine === name)?.address;
    const outwards: Proof = {
      says: `${name} → Internet, leaving as ${eip ? "its Elastic IP" : "the address everyone shares"}`,
      node: name,
      url: `http://${internet.address}/`,
      expects: `hello from inet, you are ${eip ?? pat.address}`,
    };
    if (!eip || !staticIp) return [outwards];
    const inwards: Proof = {
      says: `Internet → ${name} through its Elastic IP`,
      node: "inet",
      url: `http://${eip}/`,
      expects: `hello from ${name}, you are ${internet.address}`,
    };
    const fromVpc = hosts.map((host) => ({
      says: `VPC → ${name}, from underlay to overlay`,
      node: host.name,
      url: `http://${staticIp}/`,
      expects: `hello from ${name}, you are ${host.eni.address}`,
    }));
    return [outwards, inwards, ...fromVpc];
  });
}

export interface ProofResult extends Proof {
  readonly answer: string;
  readonly holds: boolean;
}
