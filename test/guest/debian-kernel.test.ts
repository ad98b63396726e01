import { spawn } from "node:child_process";
import { expect, test } from "vitest";

/** Runs a command in a virtual machine with Debian's kernel; what it printed. Rejects, with that, where it fails. */
function inGuest(...command: string[]): Promise<string> {
  const run = spawn("bash", ["test/guest/run.sh", "--", ...command], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  run.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    run.on("error", reject);
    run.on("close", (status) =>
      status === 0 ? resolve(said) : reject(new Error(`${command.join(" ")} ended with ${status}:\n${said}`)),
    );
  });
}

test("every eBPF program does with every packet on Debian's kernel what it does here", async () => {
  const files = ["door", "downlink", "flows", "fragments", "overlay", "sources", "uplink"].map(
    (name) => `test/bpf/${name}.test.ts`,
  );
  const said = await inGuest("vitest", "run", "--project", "kernel", "--no-file-parallelism", ...files);
  expect(said).toMatch(/[1-9]\d\d passed, 0 failed, 0 skipped/);
});

test("the whole laboratory works on Debian's kernel, and its connections take the fast path", async () => {
  const said = await inGuest("bash", "test/guest/laboratory.sh");
  expect(said.match(/^proved/gm)).toHaveLength(4);
  expect(said).toContain("udp came back: 100\n");
  expect(said).toContain("tcp came back: 3000000\n");
  expect(said).toMatch(/followed: [1-9]\d{2,} out, [1-9]\d{2,} into the tunnel/);
  expect(said).toMatch(/fast path: on; objects: \{"in_sync":\d+\}/);
});
