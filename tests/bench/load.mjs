// 200 clients that read, claim and write by the public routes for a minute: each with a request every 100 ms on
// average, then each asking again at once. What was refused, how long requests took, what they cost, and whether the
// log of changes, replayed, is the board. `--clients N`, `--seconds N`, `--rest MS,MS…`, `--seed N`, `--profile debug`.

import { loadavg } from "node:os";
import { newDesk } from "../desktop/harness.mjs";
import { differences, mix, readLog, replay, tables } from "../doors/mix.mjs";
import { computed } from "./cpu.mjs";
import { option, quantile, tail } from "./figures.mjs";
import { serve } from "./served.mjs";

const CLIENTS = option("clients", 200);
const SECONDS = option("seconds", 60);
const RESTS = option("rest", "100,0").split(",").map(Number);
const KEY = "a key for many clients";

for (const rest of RESTS) {
  const desk = newDesk();
  desk.env.FLIGHTBOARD_API_KEY = KEY;
  try {
    const served = await serve(desk, option("profile", "release"));
    await load(served, rest);
    await served.stop();
  } finally {
    await desk.clear();
  }
}

async function load(served, rest) {
  const before = loadavg()[0];
  const spent = () => ({ engine: computed(served.child.pid), clients: computed(process.pid) });
  const begun = spent();
  const end = performance.now() + SECONDS * 1_000;
  const until = () => performance.now() > end;
  const heard = await mix(served.address, KEY, { clients: CLIENTS, seed: option("seed", 1), rest, until });
  const cost = spent();
  const all = [...heard.read, ...heard.claim, ...heard.write];
  console.log(`${CLIENTS} clients for ${SECONDS} s, ${rest} ms between two requests of each on average`);
  console.log(
    `  ${all.length} requests, ${(all.length / SECONDS).toFixed(0)}/s; p99 ${quantile(all, 0.99).toFixed(1)} ms`,
  );
  for (const kind of ["read", "claim", "write"])
    console.log(`  ${kind.padEnd(6)} ${tail(heard[kind], "ms")}, p99 ${quantile(heard[kind], 0.99).toFixed(1)} ms`);
  const each = (who) => `${((cost[who] - begun[who]) / all.length).toFixed(3)} ms`;
  console.log(`  processor time of a request: the engine's ${each("engine")}, the client's ${each("clients")}`);
  for (const [what, times] of heard.refused) console.log(`  refused ${times} times: ${what}`);
  const log = await readLog(served.address, KEY);
  const { cards, wrong } = replay(log);
  const stored = await tables(served.address, KEY);
  wrong.push(...differences(cards, stored));
  if (stored.size !== heard.cards) wrong.push(`${heard.cards} cards were acknowledged, ${stored.size} are there`);
  console.log(`  ${log.length} changes replayed against ${stored.size} cards: ${wrong.length} differences`);
  for (const line of wrong.slice(0, 20)) console.log(`    ${line}`);
  console.log(`  load of the machine ${before.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after`);
  const faults = [...heard.refused.keys()].filter((what) => what.startsWith("5"));
  if (wrong.length > 0 || faults.length > 0) process.exitCode = 1;
}
