import { parseArgs } from "node:util";
import { messageOf, PcgError } from "../base/error.ts";
import { checkFiles } from "./pcgd/check.edge.ts";
import { cleanup } from "./pcgd/cleanup.edge.ts";
import { run } from "./pcgd/run.edge.ts";
import { showStatus } from "./pcgd/show-status.edge.ts";

const help = `pcgd: the Public Cloud Gateway's daemon.

  pcgd [run]                 serve: take the desired state, keep the kernel as wished, answer DHCP
  pcgd check FILE...         say what is wrong with desired-state or pcgd.yaml files, by field and value
  pcgd status [--json]       how things are; --objects lists every kernel object with its state
  pcgd cleanup               remove all this gateway owns in the kernel, cold (pcgd must not run)

  --config FILE    this unit (default /etc/pcg/pcgd.yaml)
  --desired FILE   the desired state, re-read when it changes (default /etc/pcg/desired.yaml)
  --kernel PATH    where pcg-kernel answers (default /run/pcg/kernel.sock)
  --socket PATH    where pcgd answers (default /run/pcg/pcgd.sock)
  --state DIR      leases and the last good desired state (default /var/lib/pcg)

Killing pcgd disturbs no traffic; only DHCP waits until it is back.`;

try {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: "string", default: "/etc/pcg/pcgd.yaml" },
      desired: { type: "string", default: "/etc/pcg/desired.yaml" },
      kernel: { type: "string", default: "/run/pcg/kernel.sock" },
      socket: { type: "string", default: "/run/pcg/pcgd.sock" },
      state: { type: "string", default: "/var/lib/pcg" },
      json: { type: "boolean", default: false },
      objects: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [command = "run", ...files] = options.help ? ["help"] : positionals;
  const commands: Record<string, () => Promise<number> | number> = {
    run: () => run(options),
    check: () => checkFiles(files),
    status: () => showStatus(options),
    cleanup: () => cleanup(options.kernel),
    help: () => {
      process.stdout.write(`${help}\n`);
      return 0;
    },
  };
  const chosen = commands[command];
  if (!chosen) throw new PcgError("API_BAD_REQUEST", { command, hint: "pcgd --help lists the commands" });
  process.exitCode = await chosen();
} catch (error) {
  process.stderr.write(`pcgd: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
