// The viewers of the flooding terminals, in a thread of their own so that the key's clock does not wait for them. Each
// acknowledges what it has been given, as a terminal does that has drawn it; every second one is slow and does so only
// once in 100 ms, so that the engine has to hold back.

import { parentPort, workerData } from "node:worker_threads";
import { openTerminal } from "./served.mjs";

const PROMPT_PIECE = 5_000;
const SLOW_PAUSE = 100;

const { socket, runs } = workerData;
const viewers = [];
for (const [place, run] of runs.entries()) {
  const slow = place % 2 === 1;
  const viewer = await openTerminal(socket, run, () => {
    if (!slow && viewer.unacknowledged >= PROMPT_PIECE) viewer.ack();
  });
  if (slow) setInterval(() => viewer.ack(), SLOW_PAUSE);
  else setInterval(() => viewer.ack(), 10);
  viewers.push(viewer);
}

parentPort.on("message", (wish) => {
  if (wish === "close") process.exit(0);
  parentPort.postMessage(viewers.map(({ received, most }) => ({ received, most })));
});
parentPort.postMessage("open");
