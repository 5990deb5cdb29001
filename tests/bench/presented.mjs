// The frames that reached the display: damage reports of the X server, gathered by presented.py.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export function watchDisplay() {
  const script = fileURLToPath(new URL("presented.py", import.meta.url));
  const child = spawn("python3", [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`presented.py ended with ${code}`);
  });
  // Awaited only while an answer is due; an orderly end is no news.
  ended.catch(() => {});
  const answer = async (order) => {
    const line = once(lines, "line");
    child.stdin.write(`${order}\n`);
    const [text] = await Promise.race([line, ended]);
    return JSON.parse(text);
  };
  return {
    /** What `play` gives, and the milliseconds between one change of the display and the next while it played. */
    async during(play) {
      await answer("begin");
      const given = await play();
      return [given, await answer("end")];
    },
    close: () => child.stdin.end(),
  };
}
