import { messageOf, PcgError } from "../base/error.ts";
import { complain, print } from "../base/terminal.edge.ts";
import { pcgUpgradeHelp } from "./pcg-upgrade/help.ts";
import { confirm, install, rollback, showStatus } from "./pcg-upgrade/operate.edge.ts";
import { readOptions } from "./pcg-upgrade/options.ts";
import { keygen, pack } from "./pcg-upgrade/pack.edge.ts";
import { versionText } from "./version.ts";

try {
  const args = process.argv.slice(2);
  // Elsewhere on the line it is the version of a bundle that is made.
  const { values: options, positionals } = readOptions(args.join() === "--version" ? ["version"] : args);
  const [command = "status", from] = options.help ? ["help"] : positionals;
  const commands: Record<string, () => Promise<number> | number> = {
    status: () => showStatus(options),
    install: () => install(from, options),
    rollback: () => rollback(options),
    confirm: () => confirm(options),
    pack: () => pack(options),
    keygen: () => keygen(options),
    help: () => {
      print(pcgUpgradeHelp);
      return 0;
    },
    version: () => {
      print(versionText("pcg-upgrade"));
      return 0;
    },
  };
  const chosen = commands[command];
  if (!chosen) throw new PcgError("API_BAD_REQUEST", { command, hint: "pcg-upgrade --help lists the commands" });
  process.exitCode = await chosen();
} catch (error) {
  complain(`pcg-upgrade: ${messageOf(error)}`);
  process.exitCode = 1;
}
