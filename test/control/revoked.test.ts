import { rmSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { lostDuring, NOTHING } from "../e2e/lost-during.ts";
import { gateway, LAB, status } from "../e2e/nodes.ts";
import { sh, until } from "../kernel/namespace.ts";
import { kernel } from "./kernel.ts";
import { api, ask, isConnected, managerFile, realization, realized, segment } from "./policy.ts";

const WHILE_OUT = "/infra/segments/s58";
const unitFile = (name: string) => `/run/pcg-${LAB}/a/${name}`;

/** The gateway proves anew who it is, as the laboratory has it do at first. */
function enrolAgain(): void {
  const { token } = api("POST", "/enrolment/tokens", { role: "gateway", id: "pcg-a" });
  // Not over the one that is pcg's: in a folder like this kernels may refuse that to root (fs.protected_regular).
  rmSync(unitFile("join.token"), { force: true });
  writeFileSync(unitFile("join.token"), String(token), { mode: 0o600 });
  const files = `--credentials ${unitFile("credentials")} --token @${unitFile("join.token")} --pin @${managerFile("pin")}`;
  gateway.run(`${process.execPath} src/bin/pcgd.ts enrol --manager https://10.99.250.10 ${files}`);
  sh(`chown -R pcg:pcg ${unitFile("credentials")}`);
}

test("a revoked gateway is out within seconds, hears and disturbs nothing more, and is back with a new token", async () => {
  onTestFinished(() => void ask("DELETE", WHILE_OUT));
  const lost = await lostDuring(7, async () => {
    api("DELETE", "/nodes/gateway/pcg-a");
    await until("the gateway is out", () => !isConnected(), 5_000);
    api("PUT", WHILE_OUT, segment(58));
    await until("it is refused", async () => (await status()).controller?.state.lost?.includes("403"));
    expect(isConnected()).toBe(false);
    expect(realization(WHILE_OUT).state).not.toBe("SUCCESS");
    expect(await kernel()).not.toContain("192.168.58.0/24 via");
    enrolAgain();
    await until("it is in again", isConnected, 10_000);
    await realized(WHILE_OUT);
  });
  expect(lost).toEqual(NOTHING);
  expect(isConnected()).toBe(true);
  expect(await kernel()).toContain("192.168.58.0/24 via");
});
