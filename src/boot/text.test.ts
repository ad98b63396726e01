import { beforeEach, expect, test } from "vitest";
import { BootWorld, managed } from "../../test/boot-world.ts";
import { consoleLine, consoleText, diagnosisText, issueText, selftestText } from "./text.ts";

let world: BootWorld;

beforeEach(() => {
  world = new BootWorld();
});

const controller = { id: "ccp", connected: false, lost: "connect ECONNREFUSED 10.99.250.10:1235" };

test("issueText and consoleLine of a unit whose third interface is missing", async () => {
  world.tell({ interfaces: world.instance.interfaces.slice(0, 2) });
  world.boot();
  await world.pass(10_000);
  expect(issueText(world.state)).toMatchInlineSnapshot(`
    "
    Public Cloud Gateway 1.2.3: CLOSED: nothing is forwarded until what is wrong is mended
      no unit yet, instance i-00000000000000061 (c6in.large, eu-central-1a)
      management  ens7      02:ec:0a:63:02:0a  10.99.2.10/24  up
      uplink      ens5      02:ec:0a:63:01:0a  10.99.1.10/24  up +2 (10.99.1.20, 10.99.1.21)
      downlink    MISSING (device number 2)
      ! BOOT_ENI_MISSING: the downlink interface is missing: no ENI is attached with device number 2
        → attach one with device index 2; it is taken as soon as it is there

    "
  `);
  expect(consoleLine(world.state)).toMatchInlineSnapshot(
    `"pcg-boot: CLOSED: nothing is forwarded until what is wrong is mended: BOOT_ENI_MISSING: the downlink interface is missing: no ENI is attached with device number 2"`,
  );
});

test("diagnosisText and issueText of a unit that is ready without its manager", async () => {
  world.tell({ userData: managed });
  world.serve({ controller, certificate: { until: "2027-01-01T00:00:00.000Z", expired: false, lastError: null } });
  world.boot();
  await world.pass(10_000);
  expect(diagnosisText(world.state)).toMatchInlineSnapshot(`
    "ready, since 2023-11-14T22:13:21.000Z
    unit a, instance i-00000000000000061 (c6in.large, eu-central-1a)
    version 1.2.3, slot a
    managers https://10.99.250.10

    interfaces
      management  ens7      02:ec:0a:63:02:0a  10.99.2.10/24  up
      uplink      ens5      02:ec:0a:63:01:0a  10.99.1.10/24  up +2 (10.99.1.20, 10.99.1.21)
      downlink    ens6      02:ec:0a:63:03:2c  10.99.3.44/24  up

    problems
      none

    self-test
      ok       interfaces   management is ens7, uplink is ens5, downlink is ens6
      ok       links        all are up
      ok       addresses    ens7 has 10.99.2.10/24, ens5 has 10.99.1.10/24, ens6 has 10.99.3.44/24
      ok       mtu          all carry 9001 bytes
      ok       routers      10.99.2.1, 10.99.1.1, 10.99.3.1 answer ARP
      ok       kernel       modules and BTF are there
      ok       disk         takes writes; 900 MB of 2000 MB free
      ok       clock        synchronised (not counted)
      ok       gateway      pcgd answers
      ok       programs     6 eBPF programs are on the interfaces
      ok       objects      42 kernel objects are as wished by generation 1
      ok       forwarding   on
      ok       dhcp         listens on 10.99.3.44:6081
      ok       certificate  good until 2027-01-01T00:00:00.000Z
      not yet  manager      controller ccp is not connected: connect ECONNREFUSED 10.99.250.10:1235 (not counted)
                            → see that it runs, and that port 1235 is open to it"
  `);
  expect(issueText(world.state)).toMatchInlineSnapshot(`
    "
    Public Cloud Gateway 1.2.3: ready
      unit a, instance i-00000000000000061 (c6in.large, eu-central-1a)
      management  ens7      02:ec:0a:63:02:0a  10.99.2.10/24  up
      uplink      ens5      02:ec:0a:63:01:0a  10.99.1.10/24  up +2 (10.99.1.20, 10.99.1.21)
      downlink    ens6      02:ec:0a:63:03:2c  10.99.3.44/24  up

    "
  `);
});

test("selftestText of a box on which little is right says what to do", async () => {
  world.serve({
    ...{ wished: 7, realized: null, refused: ["segments[0].vni: must be <= 16777215 (is 99999999)"], programs: 0 },
    controller,
    certificate: { until: "2025-01-01T00:00:00.000Z", expired: true, lastError: "no manager" },
  });
  const machine = await world.machine([]);
  world.machine = async () => ({
    ...machine,
    ...{
      missingModules: ["veth"],
      forwards: true,
      isClockSynchronised: false,
      udpSockets: [],
      neighbours: ["10.99.2.1"],
    },
    disk: { freeBytes: 1024 * 1024, bytes: 2_000 * 1024 * 1024 },
  });
  world.present = world.present.map((nic, i) => (i === 1 ? { ...nic, up: false, mtu: 1500, addresses: [] } : nic));
  world.boot();
  await world.pass(10_000);
  expect(selftestText(world.state.checks)).toMatchInlineSnapshot(`
    "ok       interfaces   management is ens7, uplink is ens5, downlink is ens6
    not yet  links        ens5 (uplink) is down
                          → see networkctl status and journalctl -u systemd-networkd
    not yet  addresses    ens5 does not have 10.99.1.10/24
                          → see networkctl status and journalctl -u systemd-networkd
    not yet  mtu          ens5 carries 1500 bytes, not 9001
                          → see networkctl status and journalctl -u systemd-networkd; the NIC's driver may allow no more
    failed   routers      no answer to ARP from 10.99.1.1 on ens5, 10.99.3.1 on ens6
                          → see that each ENI is in the subnet the metadata says it is
    failed   kernel       modules are missing: veth
                          → see systemctl status systemd-modules-load
    failed   disk         has only 1 MB of 2000 MB free
                          → remove what is not needed below /var, or enlarge the disk
    not yet  clock        not synchronised (not counted)
                          → see timedatectl; 169.254.169.123 must be reachable through management
    ok       gateway      pcgd answers
    not yet  programs     no eBPF program is on an interface
                          → see systemctl status pcg-load pcg-kernel pcgd, and pcgd status
    failed   objects      what is wished is refused: segments[0].vni: must be <= 16777215 (is 99999999)
                          → mend it; see pcgd status
    failed   forwarding   on, though nothing is realized
                          → see who else sets net.ipv4.ip_forward
    not yet  dhcp         nobody listens on 10.99.3.44:6081
                          → see systemctl status pcg-load pcg-kernel pcgd, and pcgd status
    failed   certificate  over since 2025-01-01T00:00:00.000Z; not renewed: no manager
                          → see that a manager can be reached, or enrol anew
    not yet  manager      controller ccp is not connected: connect ECONNREFUSED 10.99.250.10:1235 (not counted)
                          → see that it runs, and that port 1235 is open to it"
  `);
});

test("no text for people lets through what a console would obey", async () => {
  world.boot();
  await world.pass(10_000);
  const evil = "\u001b[2J\u009b\u202e\u2028\u0007\r";
  const state = {
    ...world.state,
    unit: evil,
    problems: [{ code: "BOOT_USER_DATA_REFUSED", what: evil, remedy: evil }],
  } as const;
  for (const text of [issueText(state), consoleLine(state), consoleText(state), diagnosisText(state)])
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});
