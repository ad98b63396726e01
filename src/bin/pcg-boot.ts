import { parseArgs } from "node:util";
import { messageOf, PcgError } from "../base/error.ts";
import { complain, print } from "../base/terminal.edge.ts";
import { bootPaths } from "../boot/boot-paths.ts";
import { METADATA } from "../lcp/enrol/instance-metadata.edge.ts";
import { pcgBootHelp } from "./pcg-boot/help.ts";
import { linuxHost } from "./pcg-boot/linux-host.edge.ts";
import { run } from "./pcg-boot/run.edge.ts";
import { showDiagnosis, showSelftest } from "./pcg-boot/show.edge.ts";
import { versionText } from "./version.ts";

try {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      metadata: { type: "string", default: METADATA },
      root: { type: "string", default: "" },
      user: { type: "string", default: "pcg" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      version: { type: "boolean", default: false },
    },
  });
  const { metadata, user, json } = options;
  const paths = bootPaths(options.root);
  const isRoot = process.getuid?.() === 0;
  const host = linuxHost({ paths, metadata, user });
  const [command = "run"] = options.help ? ["help"] : options.version ? ["version"] : positionals;
  const commands: Record<string, () => Promise<number> | number> = {
    run: () => run(host, paths),
    selftest: () => showSelftest({ host, paths, json, isRoot }),
    diagnosis: () => showDiagnosis({ host, paths, json, isRoot }),
    help: () => {
      print(pcgBootHelp);
      return 0;
    },
    version: () => {
      print(versionText("pcg-boot"));
      return 0;
    },
  };
  const chosen = commands[command];
  if (!chosen) throw new PcgError("API_BAD_REQUEST", { command, hint: "pcg-boot --help lists the commands" });
  process.exitCode = await chosen();
} catch (error) {
  complain(`pcg-boot: ${messageOf(error)}`);
  process.exitCode = 1;
}
