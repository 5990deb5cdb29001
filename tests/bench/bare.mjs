// Talks to bare_pty.py, which stays up over the whole measurement so that Python's own start counts for nothing.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export function bareTerminals() {
  const script = fileURLToPath(new URL("bare_pty.py", import.meta.url));
  const child = spawn("python3", [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const ask = async (job) => {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const [line] = await once(lines, "line");
    return JSON.parse(line);
  };
  return {
    /** Milliseconds from the start to the first byte. */
    start: async (argv) => (await ask({ start: argv })) / 1e6,
    /** Milliseconds from each key to its echo. */
    echo: async (argv, keys) => (await ask({ echo: argv, keys })).map((taken) => taken / 1e6),
    close: () => child.stdin.end(),
  };
}
