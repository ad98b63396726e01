import type { Section } from "../../src/model/man-page.ts";

/** Complete pcgd.yaml files; a test has each checked as `pcgd check` does. */
export const unitExamples = {
  alone: `unit: a
interfaces:
  uplink: { name: ens6 }
  downlink: { name: ens7 }
  management: { name: ens5 }
tep: { address: 10.99.3.44 }
`,
  managed: `unit: pcg-a
interfaces:
  uplink: { mac: "02:00:00:00:01:0a" }
  downlink: { mac: "02:00:00:00:03:0a", gateway: 10.99.3.1 }
  management: { mac: "02:00:00:00:02:0a" }
tep: { address: 10.99.3.44, label: 12300 }
controller:
  hosts: [10.99.250.10, 10.99.250.11]
  id: ccp
agents: {}
`,
} as const;

const pin = `sha256:${"0123456789abcdef".repeat(4)}`;

/** Complete user data; a test has each read as pcg-boot does. */
export const userDataExamples = {
  identity: `#cloud-config
pcg:
  unit: pcg-a
  manager:
    urls: [https://10.99.250.10]
    pin: ${pin}
    aws: true
`,
  token: `#cloud-config
pcg:
  unit: pcg-a
  manager:
    urls: [https://10.99.250.10, https://10.99.250.11]
    pin: ${pin}
    token: TOKEN-THAT-NSX-MANAGER-JOIN-PRINTED
  agents: {}
`,
  alone: `#cloud-config
pcg:
  unit: a
  desired:
    generation: 1
    segments:
      - { id: web, name: web servers, vni: 5001, gateway: 192.168.100.1/24 }
    teps:
      - { address: 10.99.3.20 }
    endpoints:
      - { segment: web, mac: "02:00:00:00:64:03", ip: 192.168.100.3, tep: 10.99.3.20 }
    tier0:
      uplinkRoutes: [{ prefix: 0.0.0.0/0 }]
    elasticIps:
      - { address: 203.0.113.11, secondary: { a: 10.99.1.21 } }
    pat: { address: 203.0.113.11, ports: { a: 1024-65535 } }
`,
} as const;

export const unitSections: readonly Section[] = [
  {
    title: "THE UNIT'S NAME",
    parts: [
      "unit is the name by which pcg-desired(5) gives values per unit (elasticIps[].secondary, pat.ports), and in its certificate where a controller says what is wanted. It begins with a small letter, and has small letters, digits and hyphens, 16 at most.",
    ],
  },
  {
    title: "EXAMPLES",
    parts: [
      "A unit alone, which does what /etc/pcg/desired.yaml says:",
      { verbatim: unitExamples.alone },
      "A unit that one of two managers tells what is wanted, and that passes on to the VMs' agents what concerns them. Interfaces are named by their MAC.",
      { verbatim: unitExamples.managed },
      "Whether a file is good:",
      { verbatim: "pcgd check /etc/pcg/pcgd.yaml" },
    ],
  },
];

export const userDataSections: readonly Section[] = [
  {
    title: "EXAMPLES",
    parts: [
      "A gateway that its manager tells what is wanted. It enrols by its identity document; an operator lists it first (nsx-manager(8): put /enrolment/aws/gateways/pcg-a FILE).",
      { verbatim: userDataExamples.identity },
      "It enrols by a token instead (nsx-manager join gateway pcg-a), with either of two managers, and serves VMs' agents:",
      { verbatim: userDataExamples.token },
      "A gateway alone:",
      { verbatim: userDataExamples.alone },
      "What pcg-boot makes of it, on the gateway:",
      { verbatim: "pcg-boot diagnosis" },
    ],
  },
];
