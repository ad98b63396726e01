import type { Section } from "../../src/model/man-page.ts";

/** What a reader may type, by program; a test holds every word with two hyphens, and every command, to the help. */
const examples = (...all: readonly (readonly [says: string, commands: string])[]): readonly Section[] => [
  { title: "EXAMPLES", parts: all.flatMap(([says, commands]) => [says, { verbatim: commands }]) },
];

export const commandSections = {
  pcgd: examples(
    [
      "Whether files are good, before they count; nothing is changed:",
      "pcgd check /etc/pcg/pcgd.yaml /tmp/desired.yaml && mv /tmp/desired.yaml /etc/pcg/desired.yaml",
    ],
    [
      "How things are, and every object of the kernel that is not as desired:",
      `pcgd status
pcgd status --objects | grep -v in_sync`,
    ],
    ["How many packets were dropped, by reason, for a program to read:", "pcgd status --json"],
    ["Which connections of one VM are on the fast path:", "pcgd flows 192.168.100.3"],
    [
      "This unit's certificate, from either of two managers, by a token or as the EC2 instance that it is:",
      `pcgd enrol --manager https://10.99.250.10 --manager https://10.99.250.11 --pin sha256:PIN --token TOKEN
pcgd enrol --manager https://10.99.250.10 --pin sha256:PIN --aws`,
    ],
    [
      "Everything of this gateway's out of the kernel, which ends its traffic:",
      `systemctl stop pcgd
pcgd cleanup`,
    ],
    ["Which version this is:", "pcgd --version"],
  ),
  "pcg-kernel": examples(
    [
      "As it runs on the appliance, first loading the programs with more capabilities and then serving with few:",
      `pcg-kernel load
pcg-kernel`,
    ],
    [
      "A second gateway of one machine, in a network namespace of its own:",
      "ip netns exec b pcg-kernel --config /etc/pcg/b.yaml --socket /run/pcg-b/kernel.sock --bpffs /run/pcg-b/bpf",
    ],
    ["Which version this is:", "pcg-kernel --version"],
  ),
  "pcg-boot": examples(
    ["What keeps the gateway from running, and what to do about it:", "pcg-boot diagnosis"],
    ["Whether the box is healthy, for a program that watches it:", "pcg-boot selftest --json || echo unhealthy"],
    ["Which version this is:", "pcg-boot --version"],
  ),
  "pcg-upgrade": examples(
    [
      "To another version, and what came of it:",
      `pcg-upgrade install https://packages.example/pcg-1.3.0.bundle
pcg-upgrade status`,
    ],
    [
      "From a workstation, over ssh, with the reboot left to a later hour:",
      "ssh admin@10.99.2.10 sudo pcg-upgrade install - --no-reboot <pcg-1.3.0.bundle",
    ],
    ["Back to the version before:", "pcg-upgrade rollback"],
    [
      "A bundle of one's own, with a key of one's own:",
      `pcg-upgrade keygen --key release.key --public release.pem
pcg-upgrade pack --slot slot --version 1.3.0 --key release.key --out pcg-1.3.0.bundle`,
    ],
    ["Which version this is:", "pcg-upgrade --version"],
  ),
  "nsx-manager": examples(
    [
      "A segment by its path, and when gateways have it:",
      `echo '{"overlay_id": 9101, "subnets": [{"gateway_address": "192.168.99.1/24"}]}' >app.json
nsx-manager patch /infra/segments/app app.json
nsx-manager realized /infra/segments/app --wait 30`,
    ],
    [
      "A token with which a gateway enrols, and the end of its certificates:",
      `nsx-manager join gateway pcg-a
nsx-manager revoke gateway pcg-a`,
    ],
    ["A copy of the store, each night:", "nsx-manager backup /var/backups/manager.db"],
    ["Which version this is:", "nsx-manager --version"],
  ),
} as const satisfies Record<string, readonly Section[]>;
