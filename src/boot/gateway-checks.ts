import { type CheckRow, failed, type GatewayFacts, notYet, ok, type SelftestFacts } from "./check.ts";

const PCGD = "see systemctl status pcg-load pcg-kernel pcgd, and pcgd status";
const NOTHING_WISHED = "nothing is wished yet";

/** What pcgd and pcg-kernel have made of the machine. */
export const gatewayChecks: readonly CheckRow[] = [
  {
    name: "gateway",
    isLocal: true,
    look: ({ gateway }) =>
      typeof gateway === "string" ? notYet(`pcgd does not answer: ${gateway}`, PCGD) : ok("pcgd answers"),
  },
  {
    name: "programs",
    isLocal: true,
    look: withGateway(({ programs, wished, controller }) => {
      if (programs > 0) return ok(`${programs} eBPF programs are on the interfaces`);
      return wished === null && controller ? ok(NOTHING_WISHED) : notYet("no eBPF program is on an interface", PCGD);
    }),
  },
  { name: "objects", isLocal: true, look: withGateway(objects) },
  {
    name: "forwarding",
    isLocal: true,
    look: withGateway(({ realized }, { forwards }) => {
      if (forwards === (realized !== null)) return ok(forwards ? "on" : `off: ${NOTHING_WISHED}`);
      return forwards
        ? failed("on, though nothing is realized", "see who else sets net.ipv4.ip_forward")
        : notYet("off, though a wish is realized", PCGD);
    }),
  },
  {
    name: "dhcp",
    isLocal: true,
    look: ({ interfaces, udpSockets, genevePort }) => {
      const tep = interfaces
        .find(({ role }) => role === "downlink")
        ?.address.split("/", 1)
        .join("");
      const end = `${tep ?? "the tunnel endpoint"}:${genevePort}`;
      return udpSockets.includes(end) ? ok(`listens on ${end}`) : notYet(`nobody listens on ${end}`, PCGD);
    },
  },
  {
    name: "certificate",
    isLocal: true,
    look: withGateway(({ certificate }) => {
      if (!certificate) return ok("none is needed");
      const { until, expired, lastError } = certificate;
      const why = lastError === null ? "" : `; not renewed: ${lastError}`;
      return expired
        ? failed(`over since ${until}${why}`, "see that a manager can be reached, or enrol anew")
        : ok(`good until ${until}${why}`);
    }),
  },
  {
    name: "manager",
    // A box that forwards is healthy though nobody tells it anything new.
    isLocal: false,
    look: withGateway(({ controller }) => {
      if (!controller) return ok("none: a file says what is wished");
      if (controller.connected) return ok(`controller ${controller.id} is connected`);
      const why = controller.lost === null ? "" : `: ${controller.lost}`;
      return notYet(
        `controller ${controller.id} is not connected${why}`,
        "see that it runs, and that port 1235 is open to it",
      );
    }),
  },
];

function objects({ wished, realized, refused, lastError, inSync, troubled, controller }: GatewayFacts) {
  // A later wish that is refused leaves the gateway as the one before made it.
  if (refused.length > 0 && realized === null)
    return failed(`what is wished is refused: ${refused.join("; ")}`, "mend it; see pcgd status");
  if (wished === null) return controller ? ok(NOTHING_WISHED) : notYet(NOTHING_WISHED, PCGD);
  const [first] = troubled;
  if (first !== undefined) return notYet(`${troubled.length} kernel objects are not as wished, such as ${first}`, PCGD);
  if (lastError !== null) return failed(lastError, PCGD);
  if (realized !== wished) return notYet(`generation ${wished} is not realized yet`, PCGD);
  return ok(`${inSync} kernel objects are as wished by generation ${wished}`);
}

function withGateway(look: (gateway: GatewayFacts, facts: SelftestFacts) => ReturnType<CheckRow["look"]>) {
  return (facts: SelftestFacts) =>
    typeof facts.gateway === "string" ? notYet("pcgd does not answer", PCGD) : look(facts.gateway, facts);
}
