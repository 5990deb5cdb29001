// What a read command costs from its start to its end, on a board of 100,000 cards and on one of 10, each in turns with
// `flightboard --version`, which does nothing. Nobody hosts the engine: a cold start. `--cards N`, `--runs N`,
// `--profile debug`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { program } from "../../src-tauri/setup/build.mjs";
import { newDesk } from "../desktop/harness.mjs";
import { median, option, tail } from "./figures.mjs";
import { seed } from "./seed.mjs";
import { serve } from "./served.mjs";

const CARDS = option("cards", 100_000);
const FEW = 10;
const RUNS = option("runs", 100);
const WARM_UP = 3;
const PROFILE = option("profile", "release");
const COMMANDS = [
  ["list"],
  ["list", "--status", "ready", "--json", "--limit", "50"],
  ["show", "T-5", "--json"],
  ["status"],
  ["tasks", "list", "--limit", "20"],
];

const desks = [];
try {
  const boards = [];
  for (const count of [FEW, CARDS]) {
    const desk = newDesk();
    desks.push(desk);
    const served = await serve(desk, PROFILE);
    await seed(served, desk, count);
    await served.stop();
    boards.push({ count, desk });
  }
  console.log(`${RUNS} runs of each command in turns, ${PROFILE} build, nobody hosts the engine`);
  for (const args of COMMANDS) {
    const times = new Map([["nothing", []], ...boards.map(({ count }) => [count, []])]);
    for (let round = 0; round < RUNS + WARM_UP; round += 1) {
      const nothing = await run(boards[0].desk, ["--version"]);
      if (round >= WARM_UP) times.get("nothing").push(nothing);
      for (const { count, desk } of boards) {
        const took = await run(desk, args);
        if (round >= WARM_UP) times.get(count).push(took);
      }
    }
    console.log(`\nflightboard ${args.join(" ")}`);
    console.log(`  --version       ${tail(times.get("nothing"), "ms")}`);
    for (const { count } of boards) console.log(`  ${String(count).padEnd(7)} cards   ${tail(times.get(count), "ms")}`);
    const ratio = median(times.get(CARDS)) / median(times.get(FEW));
    console.log(`  ${CARDS} / ${FEW} cards at p50: ${ratio.toFixed(2)}`);
  }
} finally {
  for (const desk of desks) await desk.clear();
}

/** Milliseconds from the start of the process to its end. */
async function run(desk, args) {
  const begun = performance.now();
  const child = spawn(program("flightboard", PROFILE), args, {
    env: { ...process.env, ...desk.env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`flightboard ${args.join(" ")} ended with ${code}`);
  return performance.now() - begun;
}
