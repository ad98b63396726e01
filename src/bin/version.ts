import packageJson from "../../package.json" with { type: "json" };

/** What `--version` prints. */
export const versionText = (program: string): string => `${program} ${packageJson.version}`;
