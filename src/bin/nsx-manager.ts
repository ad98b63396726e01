import { parseArgs } from "node:util";
import { messageOf, PcgError } from "../base/error.ts";
import { complain, print } from "../base/terminal.edge.ts";
import { ask } from "./nsx-manager/ask.edge.ts";
import { backUp } from "./nsx-manager/backup.edge.ts";
import { nsxManagerHelp } from "./nsx-manager/help.ts";
import { run } from "./nsx-manager/run.edge.ts";
import { versionText } from "./version.ts";

const STATE = "/var/lib/nsx-manager";

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      store: { type: "string", default: `${STATE}/manager.db` },
      state: { type: "string", default: STATE },
      listen: { type: "string", default: "0.0.0.0:443" },
      controller: { type: "string", default: "0.0.0.0:1235" },
      name: { type: "string", multiple: true, default: [] },
      id: { type: "string", default: "ccp" },
      url: { type: "string", default: "https://127.0.0.1" },
      token: { type: "string", default: `${STATE}/admin.token` },
      authority: { type: "string", default: `${STATE}/authority.pem` },
      wait: { type: "string", default: "0" },
      help: { type: "boolean", default: false },
      version: { type: "boolean", default: false },
    },
  });
  const [command = "run", ...args] = values.help ? ["help"] : positionals;
  if (command === "help") print(nsxManagerHelp);
  else if (values.version) print(versionText("nsx-manager"));
  else {
    const wait = Number(values.wait);
    const status = await (command === "run"
      ? run(values)
      : command === "backup"
        ? backUp(values.store, args[0])
        : ask(command, args, { ...values, wait }));
    if (status === undefined)
      throw new PcgError("API_BAD_REQUEST", { command, hint: "nsx-manager --help lists the commands" });
    process.exitCode = status;
  }
} catch (error) {
  complain(`nsx-manager: ${messageOf(error)}`);
  process.exitCode = 1;
}
