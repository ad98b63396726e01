import { readFileSync } from "node:fs";
import { LAB, manager } from "../e2e/nodes.ts";

/** The script that the README tells people to paste, for this laboratory: its set-up, then its steps by what they say. */
export function readmeScript(): { setUp: string; steps: ReadonlyMap<string, string> } {
  const section = readFileSync("README.md", "utf8").split("\n## By API\n")[1] ?? "";
  const script = /```bash\n(.*?)```/s.exec(section)?.[1]?.replaceAll("/run/pcg-lab/", `/run/pcg-${LAB}/`) ?? "";
  const [setUp = "", ...steps] = script.split(/^# /m);
  return {
    setUp,
    steps: new Map(steps.map((step) => [step.split("\n", 1).join(""), step.slice(step.indexOf("\n") + 1)])),
  };
}

/** A shell where the manager runs, as `lab exec mgr -- bash` opens it. What is pasted into it must not fail. */
export function managerShell() {
  const shell = manager.start("bash", ["-e"], ["pipe", "pipe", "pipe"]);
  const { stdin, stdout } = shell.child;
  let said = "";
  stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const END = "that was it";
  return {
    ...shell,
    paste: (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        said = "";
        const look = () => {
          if (!said.includes(END)) return;
          shell.child.off("exit", fail);
          stdout?.off("data", look);
          resolve(said);
        };
        const fail = () => reject(new Error(`the shell ended: ${said}${shell.said()}`));
        stdout?.on("data", look);
        shell.child.once("exit", fail);
        stdin?.write(`${text}\necho ${END}\n`);
      }),
  };
}
