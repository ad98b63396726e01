import { formatLine, type Log } from "./log.ts";

// A log that cannot be written (a full disk, journald that starts again) must not end what it speaks of.
process.stderr.on("error", () => undefined);

/** Lines with the syslog priority prefix journald understands (sd-daemon(3)). */
export const stderrLog: Log = {
  info: (text, facts) => void process.stderr.write(`<6>${formatLine(text, facts)}\n`),
  warn: (text, facts) => void process.stderr.write(`<4>${formatLine(text, facts)}\n`),
  error: (text, facts) => void process.stderr.write(`<3>${formatLine(text, facts)}\n`),
};
