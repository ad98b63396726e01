import { parseArgs } from "node:util";
import { messageOf, PcgError } from "../base/error.ts";
import { complain, print } from "../base/terminal.edge.ts";
import { METADATA } from "../lcp/enrol/instance-metadata.edge.ts";
import { checkFiles } from "./pcgd/check.edge.ts";
import { cleanup } from "./pcgd/cleanup.edge.ts";
import { enrolUnit } from "./pcgd/enrol.edge.ts";
import { pcgdHelp } from "./pcgd/help.ts";
import { run } from "./pcgd/run.edge.ts";
import { showFlows } from "./pcgd/show-flows.edge.ts";
import { showStatus } from "./pcgd/show-status.edge.ts";
import { versionText } from "./version.ts";

try {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: "string", default: "/etc/pcg/pcgd.yaml" },
      desired: { type: "string", default: "/etc/pcg/desired.yaml" },
      credentials: { type: "string", default: "/etc/pcg/credentials" },
      kernel: { type: "string", default: "/run/pcg/kernel.sock" },
      socket: { type: "string", default: "/run/pcg/pcgd.sock" },
      state: { type: "string", default: "/var/lib/pcg" },
      manager: { type: "string", multiple: true },
      pin: { type: "string" },
      token: { type: "string" },
      aws: { type: "boolean", default: false },
      metadata: { type: "string", default: METADATA },
      json: { type: "boolean", default: false },
      objects: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      version: { type: "boolean", default: false },
    },
  });
  const [command = "run", ...files] = options.help ? ["help"] : options.version ? ["version"] : positionals;
  const commands: Record<string, () => Promise<number> | number> = {
    run: () => run(options),
    enrol: () => enrolUnit(options),
    check: () => checkFiles(files),
    status: () => showStatus(options),
    flows: () => showFlows(files[0], options),
    cleanup: () => cleanup(options.kernel),
    help: () => {
      print(pcgdHelp);
      return 0;
    },
    version: () => {
      print(versionText("pcgd"));
      return 0;
    },
  };
  const chosen = commands[command];
  if (!chosen) throw new PcgError("API_BAD_REQUEST", { command, hint: "pcgd --help lists the commands" });
  process.exitCode = await chosen();
} catch (error) {
  complain(`pcgd: ${messageOf(error)}`);
  process.exitCode = 1;
}
