// From a key to its echo through the engine, the host and the WebSocket, with `cat` in a raw terminal: when it is
// quiet, and while eight other terminals flood with 20 MB/s in total, their viewers attached. No viewer may ever hold
// more than 100,000 bytes that it has not acknowledged. `--keys N`, `--profile debug`.

import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { newDesk } from "../desktop/harness.mjs";
import { bareTerminals } from "./bare.mjs";
import { option, quantile, tail } from "./figures.mjs";
import { openTerminal, serve } from "./served.mjs";

const KEYS = option("keys", 300);
const FLOODS = 8;
const FLOOD_BYTES_PER_SECOND = 20_000_000;
const MOST_UNACKNOWLEDGED = 100_000;
const ECHO = ["sh", "-c", "stty raw -echo; echo ready; exec cat"];

const desk = newDesk();
const bare = bareTerminals();
try {
  const served = await serve(desk, option("profile", "release"));
  const typist = await newTypist(served);
  await keys(typist, 20);
  const alone = await bare.echo(ECHO, KEYS);
  const quiet = await keys(typist, KEYS);
  const flood = await newFlood(served);
  const begun = flood.written();
  const since = performance.now();
  const flooded = await keys(typist, KEYS);
  const elapsed = (performance.now() - since) / 1000;
  const rate = (flood.written() - begun) / elapsed / 1e6;
  const viewers = await flood.viewers();
  await flood.close();
  await served.stop();

  console.log(`key to echo, ${KEYS} keys each`);
  console.log(`  bare terminal   ${tail(alone, "ms", 2)}`);
  console.log(`  ours, quiet     ${tail(quiet, "ms", 2)}`);
  console.log(`  ours, flooded   ${tail(flooded, "ms", 2)}`);
  const ratio = (part) => (quantile(flooded, part) / quantile(quiet, part)).toFixed(1);
  console.log(`  flooded / quiet p50 ${ratio(0.5)}, p95 ${ratio(0.95)}`);
  console.log(`  the flood       ${rate.toFixed(1)} MB/s into ${FLOODS} logs meanwhile`);
  const most = [...viewers.map((viewer) => viewer.most), typist.terminal.most];
  console.log(`  unacknowledged  at most ${Math.max(...most)} bytes in any viewer (${viewers.map((v) => v.most)})`);
  if (Math.max(...most) > MOST_UNACKNOWLEDGED) throw new Error(`a viewer held more than ${MOST_UNACKNOWLEDGED} bytes`);
  if (Math.max(...most) < MOST_UNACKNOWLEDGED / 2) throw new Error("no viewer came near the limit: nothing was shown");
} finally {
  bare.close();
  await desk.clear();
}

/** Someone at a terminal in which `cat` answers every key. */
async function newTypist(served) {
  const run = await served.start("Echo", ECHO, "interactive");
  const typist = { heard: () => {}, said: "" };
  typist.terminal = await openTerminal(served.socket, run.id, (bytes) => {
    typist.terminal?.ack(bytes.length);
    typist.said += bytes.toString("latin1");
    typist.heard();
  });
  while (!typist.said.includes("ready")) await new Promise((heard) => Object.assign(typist, { heard }));
  return typist;
}

/** Types one key after the other, as soon as the last was answered and a moment has passed; milliseconds for each. */
async function keys(typist, count) {
  const times = [];
  for (let number = 0; number < count; number += 1) {
    // Uneven, so that the keys do not fall in step with anybody's timer.
    await pause(15 + ((number * 7) % 29));
    const key = "abcdefghijklmnopqrstuvwxyz"[number % 26];
    typist.said = "";
    const echoed = new Promise((heard) => {
      typist.heard = () => typist.said.includes(key) && heard();
    });
    const begun = performance.now();
    typist.terminal.type(key);
    await echoed;
    times.push(performance.now() - begun);
  }
  return times;
}

async function newFlood(served) {
  const script = fileURLToPath(new URL("flood.py", import.meta.url));
  const argv = ["python3", script, String(FLOOD_BYTES_PER_SECOND / FLOODS)];
  const runs = [];
  for (let number = 0; number < FLOODS; number += 1) {
    runs.push((await served.start(`Flood ${number}`, argv)).id);
  }
  const worker = new Worker(new URL("flooded.mjs", import.meta.url), {
    workerData: { socket: served.socket, runs },
  });
  await once(worker, "message");
  const log = (run) => statSync(join(desk.data, "runs", String(run), "output.log")).size;
  return {
    written: () => runs.reduce((sum, run) => sum + log(run), 0),
    async viewers() {
      worker.postMessage("tell");
      const [viewers] = await once(worker, "message");
      return viewers;
    },
    async close() {
      await worker.terminate();
      await Promise.all(runs.map((run) => served.rpc("stop_run", { run })));
    },
  };
}
