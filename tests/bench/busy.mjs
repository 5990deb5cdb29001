// How long a change takes to be acknowledged over the engine's socket while ten agents want every core and print as they
// go, with the agents standing back (as they do) and without. Two engines take turns, each with ten agents of its own; the agents
// of the one that has not its turn are stopped (SIGSTOP). `--changes N` a round, `--rounds N`, `--profile debug`.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { newDesk } from "../desktop/harness.mjs";
import { option, quantile, tail } from "./figures.mjs";
import { serve } from "./served.mjs";

const CHANGES = option("changes", 50);
const ROUNDS = option("rounds", 6);
const AGENTS = 10;
/** For the agents to be at it again after they were let go. Milliseconds. */
const SETTLING = 500;
// Busy rather than only loud: a bare flood fills the disk with gigabytes and measures that instead.
const WORK =
  "while :; do i=0; while [ $i -lt 200 ]; do i=$((i+1)); done; echo 'a line of output that an agent might write'; done";

const sides = [];
try {
  for (const [name, env] of [
    ["standing back", {}],
    ["on a par", { FLIGHTBOARD_AGENT_NICE: "0" }],
  ])
    sides.push(await newSide(name, env));
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each goes first as often as second.
    const order = round % 2 === 0 ? sides : sides.toReversed();
    for (const side of order) await measure(side);
  }
  for (const { served, runs, agents } of sides) {
    for (const pid of agents) process.kill(pid, "SIGKILL");
    for (const run of runs) await served.rpc("wait_run", { run, timeout_ms: 60_000 });
    await served.stop();
  }
  console.log(`a change acknowledged over the socket while ${AGENTS} agents want every core`);
  for (const { name, times } of sides) console.log(`  agents ${name.padEnd(14)} ${tail(times, "ms")}`);
  const [back, par] = sides.map(({ times }) => times);
  const ratio = (part) => (quantile(back, part) / quantile(par, part)).toFixed(2);
  console.log(`  standing back / on a par p50 ${ratio(0.5)}, p95 ${ratio(0.95)}`);
} finally {
  for (const { desk } of sides) await desk.clear();
}

async function newSide(name, env) {
  const desk = newDesk();
  Object.assign(desk.env, env);
  const side = { name, desk, runs: [], agents: [], times: [] };
  side.served = await serve(desk, option("profile", "release"));
  side.card = (await side.served.rpc("add_task", { title: "Changed all the time" })).id;
  for (let n = 0; n < AGENTS; n += 1) {
    const { id } = await side.served.start(`Busy ${n}`, ["sh", "-c", WORK]);
    const host = JSON.parse(readFileSync(join(desk.data, "runs", String(id), "host.json"), "utf8"));
    side.runs.push(id);
    side.agents.push(host.agent.pid);
    process.kill(host.agent.pid, "SIGSTOP");
  }
  return side;
}

async function measure({ served, card, agents, times }) {
  for (const pid of agents) process.kill(pid, "SIGCONT");
  await pause(SETTLING);
  for (let n = 0; n < CHANGES; n += 1) {
    const begun = performance.now();
    await served.rpc("add_comment", { task: card, body: "a change" });
    times.push(performance.now() - begun);
  }
  for (const pid of agents) process.kill(pid, "SIGSTOP");
}
