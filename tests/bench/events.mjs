// What 1,000 readers of the event stream that hear nothing cost the engine's process in memory, and how long an event
// takes from the request that causes it to each of them. `--readers N`, `--events N`, `--rounds N`, `--profile debug`.

import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { newDesk } from "../desktop/harness.mjs";
import { Client, listen } from "../doors/http.mjs";
import { option, quantile, spread, tail } from "./figures.mjs";
import { serve } from "./served.mjs";

const READERS = option("readers", 1_000);
const EVENTS = option("events", 50);
const ROUNDS = option("rounds", 3);
const KEY = "a key for readers";
/** For allocations to settle. Milliseconds. */
const SETTLING = 2_000;

const rounds = [];
for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure());
const of = (field) => rounds.map((round) => round[field]);
console.log(`${READERS} idle readers of the event stream, ${ROUNDS} engines`);
console.log(`  private memory before   ${spread(of("before"), "KiB")}`);
console.log(`  with the readers        ${spread(of("idle"), "KiB")}`);
console.log(
  `  of each reader          ${spread(
    rounds.map(({ before, idle }) => (idle - before) / READERS),
    "KiB",
    1,
  )}`,
);
console.log(`  after ${String(EVENTS).padEnd(4)} events       ${spread(of("after"), "KiB")}`);
const answers = rounds.flatMap(({ answers }) => answers);
const firsts = rounds.flatMap(({ firsts }) => firsts);
const lasts = rounds.flatMap(({ lasts }) => lasts);
const each = rounds.flatMap(({ each }) => each);
console.log(`  request to its answer   ${tail(answers, "ms")}`);
console.log(`  to the first reader     ${tail(firsts, "ms")}`);
console.log(`  to each reader          ${tail(each, "ms")}, p99 ${quantile(each, 0.99).toFixed(1)} ms`);
console.log(`  to the last reader      ${tail(lasts, "ms")}`);
console.log(`  load of the machine ${loadavg()[0].toFixed(1)} at the end`);

async function measure() {
  const desk = newDesk();
  desk.env.FLIGHTBOARD_API_KEY = KEY;
  try {
    const served = await serve(desk, option("profile", "release"));
    const client = new Client(served.address, KEY);
    const { id } = await client.rpc("add_task", { title: "Talked about" });
    await pause(SETTLING);
    const before = privateMemory(served.child.pid);
    let heard = [];
    let all = () => {};
    const hear = () => {
      heard.push(performance.now());
      if (heard.length === READERS) all();
    };
    const readers = [];
    for (let at = 0; at < READERS; at += 1) readers.push(await listen(served.address, KEY, "?types=task", hear));
    await pause(SETTLING);
    const idle = privateMemory(served.child.pid);
    const [answers, firsts, lasts, each] = [[], [], [], []];
    for (let at = 0; at < EVENTS; at += 1) {
      heard = [];
      const told = new Promise((done) => (all = done));
      const begun = performance.now();
      await client.rpc("add_comment", { task: id, body: `Comment ${at}` });
      answers.push(performance.now() - begun);
      await told;
      const times = heard.map((time) => time - begun);
      each.push(...times);
      firsts.push(times[0]);
      lasts.push(times.at(-1));
    }
    const after = privateMemory(served.child.pid);
    for (const reader of readers) reader.close();
    client.close();
    await served.stop();
    return { before, idle, after, answers, firsts, lasts, each };
  } finally {
    await desk.clear();
  }
}

/** KiB that the process shares with nobody. */
function privateMemory(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return ["Private_Clean", "Private_Dirty"]
    .map((name) => Number(text.match(new RegExp(`${name}:\\s+(\\d+)`))[1]))
    .reduce((sum, size) => sum + size, 0);
}
