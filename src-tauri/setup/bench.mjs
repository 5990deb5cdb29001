// `npm run bench`: every benchmark, release build, one after the other so that they do not disturb one another. Each
// prints ratios whose two sides were measured in the same run. `npm run bench -- flood` runs one; what follows a name
// and begins with `--` is for it: `npm run bench -- queue --quick`.

import { cargo, ensureInterface, ensureNodePackages, ensureRust, HEADLESS_PROGRAMS, WINDOW_PROGRAM } from "./build.mjs";
import { DISPLAY_ENV, inVirtualDisplay } from "./display.mjs";
import { bold, main, must, run, Stop, stepper } from "./say.mjs";
import { ensureSystemPackages, needs } from "./system.mjs";

const node = process.execPath;

// What goes through the programs as people use them; the crates' own benchmarks are found by cargo.
const THROUGH_THE_PROGRAMS = [
  {
    name: "board",
    about: "the board in the real window",
    window: true,
    argv: () => inVirtualDisplay([node, "tests/bench/board.mjs"]),
    env: DISPLAY_ENV,
  },
  {
    name: "start",
    about: "from the wish for a run to its first byte",
    argv: () => [node, "tests/bench/start.mjs"],
  },
  {
    name: "echo",
    about: "from a key to its echo",
    argv: () => [node, "tests/bench/echo.mjs"],
  },
  {
    name: "campaign",
    about: "the engine killed 200 times",
    argv: () => ["cargo", "test", "--release", "-p", "flightboard-stories", "killing_the_engine", "--", "--nocapture"],
    env: { FLIGHTBOARD_KILLS: "200" },
  },
  {
    name: "storm",
    about: "engine and pty-hosts killed in 500 cycles while 20 agents are at work",
    argv: () => ["cargo", "test", "--release", "-p", "flightboard-stories", "whatever_is_killed", "--", "--nocapture"],
    env: { FLIGHTBOARD_CYCLES: "500" },
  },
  {
    name: "killed-window",
    about: "the real window killed 200 times",
    window: true,
    argv: () => inVirtualDisplay([node, "tests/bench/killed_window.mjs"]),
    env: DISPLAY_ENV,
  },
  {
    name: "busy",
    about: "a write's answer while ten agents want every core",
    argv: () => [node, "tests/bench/busy.mjs"],
  },
  {
    name: "commands",
    about: "cold starts of commands that read, on 100,000 cards",
    argv: () => [node, "tests/bench/commands.mjs"],
  },
  {
    name: "events",
    about: "1,000 idle readers of the event stream",
    argv: () => [node, "tests/bench/events.mjs"],
  },
  {
    name: "load",
    about: "200 clients that read, claim and write for a minute",
    argv: () => [node, "tests/bench/load.mjs"],
  },
  {
    name: "queue",
    about: "enqueue, claim and complete beside riverqueue, effectum and BullMQ",
    peers: true,
    argv: () => [node, "tests/bench/queue.mjs"],
  },
];

await main(async () => {
  const { wanted, options } = told(process.argv.slice(2));
  const step = stepper(5);
  let chosen = [];
  await step("Rust toolchain", async () => {
    const version = await ensureRust();
    // Before anything is built: a wrong name should not cost ten minutes.
    chosen = choose([...(await cratesBenches()), ...THROUGH_THE_PROGRAMS], wanted, options);
    return version;
  });
  const window = chosen.some((bench) => bench.window);
  const peers = chosen.some((bench) => bench.peers);
  await step("system packages", () => ensureSystemPackages(needs({ window, tests: window, peers })));
  await step("npm packages", ensureNodePackages);
  await step("interface", ensureInterface);
  await step("programs", async () => {
    await cargo(HEADLESS_PROGRAMS, "release");
    return window ? cargo(WINDOW_PROGRAM, "release") : "ready";
  });
  let failed = 0;
  for (const bench of chosen) failed += await perform(bench, options);
  return failed === 0 ? 0 : 1;
});

function told(args) {
  const first = args.findIndex((arg) => arg.startsWith("--"));
  return first < 0 ? { wanted: args, options: [] } : { wanted: args.slice(0, first), options: args.slice(first) };
}

function choose(all, wanted, options) {
  if (options.length > 0 && wanted.length !== 1)
    throw new Stop(`Options are for one benchmark; name it first: npm run bench -- queue ${options.join(" ")}`);
  const unknown = wanted.find((name) => !all.some((bench) => bench.name === name));
  if (unknown !== undefined)
    throw new Stop(`There is no benchmark "${unknown}". There are: ${all.map(({ name }) => name).join(", ")}`);
  return all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
}

async function cratesBenches() {
  const json = await must("cargo", ["metadata", "--no-deps", "--format-version", "1"], "Is Cargo.toml in order?", {
    whole: true,
  });
  return JSON.parse(json).packages.flatMap((crate) =>
    crate.targets
      .filter((target) => target.kind.includes("bench"))
      .map(({ name }) => ({
        name,
        about: crate.name,
        argv: () => ["cargo", "bench", "-q", "-p", crate.name, "--bench", name],
      })),
  );
}

async function perform({ name, about, argv, env }, options) {
  console.log(bold(`\n— ${name} (${about}) —`));
  const [command, ...args] = argv();
  const { code } = await run(command, [...args, ...options], { show: true, env });
  return code === 0 ? 0 : 1;
}
