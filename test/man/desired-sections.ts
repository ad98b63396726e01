import type { Section } from "../../src/model/man-page.ts";

/** Complete documents; a test has each checked as `pcgd check` does. */
export const desiredExamples = {
  shared: `generation: 1
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
  published: `generation: 2
segments:
  - { id: web, name: web servers, vni: 5001, gateway: 192.168.100.1/24 }
teps:
  - { address: 10.99.3.20 }
endpoints:
  - { segment: web, mac: "02:00:00:00:64:03", ip: 192.168.100.3, tep: 10.99.3.20 }
tier0:
  uplinkRoutes: [{ prefix: 0.0.0.0/0 }]
elasticIps:
  - address: 203.0.113.10
    secondary: { a: 10.99.1.20, b: 10.99.101.20 }
    overlayIp: 192.168.100.3
  - address: 203.0.113.11
    secondary: { a: 10.99.1.21, b: 10.99.101.21 }
pat:
  address: 203.0.113.11
  ports: { a: 1024-32767, b: 32768-65535 }
firewall:
  - id: from-internet
    rules:
      - id: web
        action: ALLOW
        direction: IN
        destinations: [192.168.100.3]
        services:
          - { protocol: tcp, destinationPorts: "443" }
          - { protocol: tcp, destinationPorts: 8000-8099 }
          - { protocol: icmp, icmpType: 8 }
`,
  forwarded: `generation: 3
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
pat: { address: 203.0.113.11, ports: { a: 10000-65535 } }
nat:
  - id: web-8080
    action: DNAT
    destinationNetwork: 203.0.113.11
    protocol: tcp
    destinationPorts: "8080"
    translatedNetwork: 192.168.100.3
    translatedPorts: "80"
  - id: games
    action: DNAT
    destinationNetwork: 203.0.113.11
    protocol: udp
    destinationPorts: 7000-7009
    translatedNetwork: 192.168.100.3
    translatedPorts: 27000-27009
firewall:
  - id: from-internet
    rules:
      # After DNAT: the address and the ports that the VM has.
      - id: web
        action: ALLOW
        direction: IN
        sources: [198.51.100.0/24]
        destinations: [192.168.100.3]
        services: [{ protocol: tcp, destinationPorts: "80" }]
      - id: games
        action: ALLOW
        direction: IN
        destinations: [192.168.100.3]
        services: [{ protocol: udp, destinationPorts: 27000-27009 }]
  - id: to-internet
    rules:
      # Before SNAT: the address that the VM has.
      - id: no-mail
        action: REJECT
        direction: OUT
        sources: [192.168.100.0/24]
        services: [{ protocol: tcp, destinationPorts: "25" }]
        logging: true
`,
  joined: `generation: 4
segments:
  - { id: app, name: applications, vni: 5002, gateway: 192.168.101.1/24, dnsName: app.example }
teps:
  - { address: 10.99.3.20 }
endpoints:
  - { segment: app, mac: "02:00:00:00:65:03", ip: 192.168.101.3, tep: 10.99.3.20 }
  # Without ip: its address is that of its lease.
  - { segment: app, mac: "02:00:00:00:65:04", tep: 10.99.3.20 }
tier0:
  uplinkRoutes: [{ prefix: 0.0.0.0/0 }]
  underlay: [{ prefix: 10.99.0.0/16, mode: routed }]
dhcp:
  - id: app
    segment: app
    ranges: [{ first: 192.168.101.100, last: 192.168.101.199 }]
    options:
      dns: [192.0.2.53]
      classlessRoutes: [{ prefix: 10.50.0.0/16, via: 192.168.101.9 }]
`,
} as const;

export const desiredSections: readonly Section[] = [
  {
    title: "PORTS",
    parts: [
      'A port range is a text: one port, such as "80", or first and last port with a hyphen between them, such as 8000-8099. Both ends belong to it. Ports are numbers from 1 to 65535. YAML reads an unquoted 80 as a number, which is refused: write "80". There are no lists of ports: give another service, or another NAT rule.',
    ],
  },
  {
    title: "VALUES PER UNIT",
    parts: [
      "One document may be for several units. What differs between them is a mapping from the unit's name, which is unit in its pcgd.yaml(5), to its value: elasticIps[].secondary and pat.ports.",
      {
        verbatim: `secondary: { a: 10.99.1.20, b: 10.99.101.20 }
ports: { a: 1024-32767, b: 32768-65535 }`,
      },
      "A unit that is not named does not carry that Elastic IP, or translates nothing to the shared address. No secondary address stands twice, and port ranges of two units do not meet.",
    ],
  },
  {
    title: "ORDER OF NAT AND FIREWALL",
    parts: [
      "Destinations are translated first, of what comes in by the uplink or from a VM: by nat rules (DNAT, REFLEXIVE, NO_DNAT) in the order of their priority, those of one priority as they are written, and then by Elastic IPs that have an overlayIp. The packet is routed by its new destination.",
      "The firewall comes next. So its rules see overlay addresses, and ports as VMs have them: of a connection from the Internet the destination after translation, of one to the Internet the source before translation. An Elastic IP in a rule matches nothing that is translated.",
      "Sources are translated last, of what leaves by the uplink: by nat rules (SNAT, REFLEXIVE, NO_SNAT) in the same order, by Elastic IPs that have an overlayIp, and then to the shared address, TCP and UDP with a port of the unit's own range in pat.ports. What then still has an overlay address as its source is dropped as NO_TRANSLATION. Towards prefixes of tier0.underlay no nat rule is asked: mode says what is seen there.",
      "A VM that calls a public address of another VM, or its own, reaches it through the gateway, and is seen there by its own public address.",
    ],
  },
  {
    title: "WHAT THE FIREWALL ALLOWS",
    parts: [
      "Sections are asked in the order in which they are written, and so are the rules in each. The first rule that matches decides. IN is what goes into the overlay, OUT what comes from it; what goes from one segment to another is both. What no rule matches is decided by where it goes:",
      {
        verbatim: `from a VM to the Internet                         allowed
from a VM to another segment                      allowed
from a VM to a prefix of tier0.underlay           allowed
from a routed prefix of tier0.underlay to a VM    allowed
anything else, as from the Internet to a VM       dropped, counted as NOT_ALLOWED`,
      },
      "So an Elastic IP or a DNAT rule alone publishes nothing: an ALLOW rule has to let connections in. No rule opens what is never allowed: the management network, 169.254.0.0/16 with the cloud's metadata, a tunnel endpoint's tunnel port from a VM, and sources that are not reached by the side on which they come in. VMs of one segment talk to each other without the gateway, and its firewall does not see them.",
    ],
  },
  {
    title: "CONNECTIONS THAT HAVE BEGUN",
    parts: [
      "A rule of firewall or nat is asked about the first packet of a connection. All later packets and answers, and ICMP errors about it, follow what was decided then, for as long as the document would decide the same.",
      "A connection ends with what allowed it: when its translation, Elastic IP or segment port is gone or says something else, or when the firewall comes to deny it, the gateway deletes its entry before it says that the change is realized, also after a restart that missed the change. Other connections go on. A firewall rule with persistEstablished: true lets connections that match it and have begun go on, whatever the rules come to say of new ones.",
    ],
  },
  {
    title: "EXAMPLES",
    parts: [
      "A segment with one VM, which reaches the Internet by an address that all VMs share; nobody reaches it from there. The unit is called a.",
      { verbatim: desiredExamples.shared },
      "The VM has an Elastic IP of its own. HTTPS, TCP 8000 to 8099 and ping reach it. The document is for two units, a and b.",
      { verbatim: desiredExamples.published },
      "Ports of the shared address lead to the VM: TCP 8080 to its port 80, for one network only, and UDP 7000 to 7009 to 27000 to 27009, one by one. No VM sends mail by itself. pat.ports leaves out the ports that are forwarded.",
      { verbatim: desiredExamples.forwarded },
      "VMs and the VPC reach each other by their own addresses. No VM reaches the Internet, for none gets a public address. DHCP gives addresses and a further route.",
      { verbatim: desiredExamples.joined },
      "Whether a document is good:",
      { verbatim: "pcgd check /etc/pcg/desired.yaml" },
    ],
  },
];
