// From the wish for a run to the first byte in its `output.log`, on a card without a project (a plain folder), against
// the same program started in a bare terminal; and from handing a card to the queue, which then starts it by itself.
// The three take turns. `--runs N`, `--profile debug`.

import { mkdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { newDesk } from "../desktop/harness.mjs";
import { bareTerminals } from "./bare.mjs";
import { median, option, quantile, tail } from "./figures.mjs";
import { serve } from "./served.mjs";

const RUNS = option("runs", 50);
const WARM_UP = 3;
const PROGRAM = ["echo", "x"];
const AGENT = "echoes";

const desk = newDesk();
const bare = bareTerminals();
try {
  const served = await serve(desk, option("profile", "release"));
  // Watched before the first run makes it.
  mkdirSync(join(desk.data, "runs"), { recursive: true, mode: 0o700 });
  await served.rpc("register_agent", { name: AGENT, profile: { program: "/bin/echo", unattended_args: ["x"] } });
  const times = { first: [], answered: [], queued: [], bare: [] };
  for (let round = 0; round < RUNS + WARM_UP; round += 1) {
    const alone = await bare.start(PROGRAM);
    const { first, answered } = await ours(served, round);
    const queued = await fromTheQueue(served, round);
    if (round < WARM_UP) continue;
    times.bare.push(alone);
    times.first.push(first);
    times.answered.push(answered);
    times.queued.push(queued);
  }
  await served.stop();
  console.log(`start to first byte of a custom command in a plain folder, ${RUNS} runs of each in turns`);
  console.log(`  ours, byte in the log     ${tail(times.first, "ms")}`);
  console.log(`  ours, operation answered  ${tail(times.answered, "ms")}`);
  console.log(`  bare terminal             ${tail(times.bare, "ms")}`);
  console.log(`  queued, byte in the log   ${tail(times.queued, "ms")}`);
  const ratio = (of, to, part) => (quantile(of, part) / quantile(to, part)).toFixed(1);
  const both = (of, to) => `p50 ${ratio(of, to, 0.5)}, p95 ${ratio(of, to, 0.95)}`;
  console.log(`  ours / bare               ${both(times.first, times.bare)}`);
  console.log(`  queued / ours             ${both(times.queued, times.first)}`);
  console.log(`  what ours adds            ${(median(times.first) - median(times.bare)).toFixed(1)} ms`);
} finally {
  bare.close();
  await desk.clear();
}

async function ours(served, round) {
  const { id } = await served.rpc("add_task", { title: `Start ${round}`, column: "ready" });
  const log = firstByte(join(desk.data, "runs"));
  const begun = performance.now();
  const run = await served.rpc("start_run", { task: id, agent: "custom", mode: "unattended", argv: PROGRAM });
  const answered = performance.now() - begun;
  const first = (await log) - begun;
  const ended = await served.rpc("wait_run", { run: run.id, timeout_ms: 60_000 });
  if (ended.status !== "succeeded") throw new Error(`run ${run.id} ${ended.status}: ${ended.reason}`);
  return { first, answered };
}

/** A card in the inbox becomes ready by being queued; the dispatcher does the rest. */
async function fromTheQueue(served, round) {
  const routing = { agents: [AGENT] };
  const { id } = await served.rpc("add_task", { title: `Queue ${round}`, column: "inbox", routing });
  const log = firstByte(join(desk.data, "runs"));
  const begun = performance.now();
  await served.rpc("queue_task", { id, queued: true });
  const first = (await log) - begun;
  const { runs } = await served.rpc("get_task", { id });
  const ended = await served.rpc("wait_run", { run: runs[0].id, timeout_ms: 60_000 });
  if (ended.status !== "succeeded") throw new Error(`run ${ended.id} ${ended.status}: ${ended.reason}`);
  return first;
}

/** When the next run's log stops being empty, told by the kernel: the agent's byte has come through. */
function firstByte(runs) {
  return new Promise((done) => {
    const watched = [];
    const look = (folder) => {
      const log = statSync(join(folder, "output.log"), { throwIfNoEntry: false });
      if (!log?.size) return;
      for (const watcher of watched) watcher.close();
      done(performance.now());
    };
    const follow = (folder) => {
      watched.push(watch(folder, () => look(folder)));
      look(folder);
    };
    const seen = new Set();
    watched.push(
      watch(runs, (_, name) => {
        const folder = join(runs, name);
        if (seen.has(name) || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
        seen.add(name);
        follow(folder);
      }),
    );
  });
}
