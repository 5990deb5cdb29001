// `npm test`: everything that says whether Flightboard works, from a bare machine to a verdict. It goes on after a
// failing part so that one run tells all, and ends with one line for each runner, a total, and what broke.
// `npm test -- --only lint,rust` runs some parts; the parts are lint, rust, oracle, doors, ui, desktop,
// agents.

import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  cargo,
  ensureInterface,
  ensureNodePackages,
  ensureRust,
  HEADLESS_PROGRAMS,
  nodeBin,
  WINDOW_PROGRAM,
} from "./build.mjs";
import { DISPLAY_ENV, inVirtualDisplay } from "./display.mjs";
import { newReader, tell } from "./failures.mjs";
import { bold, dim, green, main, ROOT, red, run, Stop, seconds, stepper } from "./say.mjs";
import { ensureSystemPackages, needs } from "./system.mjs";
import { newTally, TALLIES } from "./tally.mjs";

const node = process.execPath;
const MARK = randomUUID();
// Failures beyond this many are told, not tried again.
const MOST_RETRIED = 8;

// Every machine shall give the same verdict: nobody's git configuration, terminal or data directory takes part.
const ENV = {
  FLIGHTBOARD_TEST_RUN: MARK,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  LANG: "C.UTF-8",
  TERM: "xterm-256color",
  CARGO_TERM_COLOR: process.stdout.isTTY ? "always" : "never",
  ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
};
for (const name of ["FLIGHTBOARD_DATA_DIR", "DISPLAY", "WAYLAND_DISPLAY"]) delete process.env[name];
Object.assign(process.env, ENV);

// The same features as the program's own build, so that Tauri is compiled once.
const WINDOW_TESTS = ["-p", "flightboard-desktop", "--features", "custom-protocol"];

const PARTS = {
  lint: {
    needs: {},
    runs: () => [
      { title: "cargo fmt", argv: ["cargo", "fmt", "--all", "--check"] },
      { title: "cargo clippy", argv: ["cargo", "clippy", "--all-targets", "--", "-D", "warnings"] },
      { title: "biome", argv: [node, nodeBin("biome", "@biomejs/biome"), "check", "."] },
      { title: "tsc", argv: [node, nodeBin("tsc", "typescript"), "--noEmit", "-p", "ui"] },
      { title: "house rules", argv: nodeTests("tests/house"), tally: "node" },
    ],
  },
  rust: {
    needs: { programs: true },
    runs: () => [
      {
        title: "cargo test",
        argv: ["cargo", "test", "--no-fail-fast"],
        again: (names) => ["cargo", "test", "--no-fail-fast", "--", "--exact", ...names],
        tally: "cargo",
      },
    ],
  },
  oracle: {
    needs: { tools: true },
    runs: () => [
      { title: "croniter from PyPI", argv: [node, "tests/oracle/install.mjs"] },
      {
        title: "ten years",
        argv: cargoIgnored("oracle"),
        tally: "cargo",
      },
    ],
  },
  doors: {
    needs: { programs: true, tools: true },
    runs: () => [
      { title: "schemathesis", argv: [node, "tests/doors/install.mjs"] },
      {
        title: "from outside",
        argv: offline(nodeTests("tests/doors")),
        again: (names) => offline(nodeTests("tests/doors", names)),
        tally: "node",
      },
    ],
  },
  ui: {
    needs: { programs: true, tools: true },
    runs: () => [
      {
        title: "vitest",
        argv: [node, nodeBin("vitest"), "run", "--root", "ui"],
        again: (names) => [node, nodeBin("vitest"), "run", "--root", "ui", ...filesOf(names)],
        tally: "vitest",
      },
      {
        title: "playwright",
        argv: [node, nodeBin("playwright", "@playwright/test"), "test", "-c", "tests/ui"],
        tally: "playwright",
      },
    ],
  },
  desktop: {
    needs: { programs: true, window: true, tools: true },
    runs: () => [
      { title: "window crate", argv: ["cargo", "test", ...WINDOW_TESTS], tally: "cargo" },
      {
        title: "real window",
        argv: inVirtualDisplay(nodeTests("tests/desktop")),
        again: (names) => inVirtualDisplay(nodeTests("tests/desktop", names)),
        env: DISPLAY_ENV,
        tally: "node",
      },
    ],
  },
  agents: {
    needs: { programs: true, tools: true },
    runs: () => [
      { title: "agents from npm", argv: [node, "tests/agents/install.mjs"] },
      {
        title: "agents alone",
        argv: offline(nodeTests("tests/agents")),
        again: (names) => offline(nodeTests("tests/agents", names)),
        tally: "node",
      },
      {
        title: "real agents",
        argv: offline(cargoIgnored("stories", "real_agents")),
        again: (names) => offline(cargoIgnored("stories", "--exact", ...names)),
        tally: "cargo",
      },
    ],
  },
};

await main(async () => {
  const chosen = partsFrom(process.argv.slice(2));
  const started = Date.now();
  await prepare(chosen.map((name) => PARTS[name].needs));
  const results = [];
  for (const part of chosen) for (const one of PARTS[part].runs()) results.push(await tried(part, one));
  results.push(await nothingLeftRunning());
  return verdict(results, Date.now() - started);
});

function partsFrom(given) {
  const only = given.flatMap((argument, i) =>
    argument.startsWith("--only=") ? [argument.slice(7)] : given[i - 1] === "--only" ? [argument] : [],
  );
  const unknownOption = given.find((a, i) => !/^--only(=|$)/.test(a) && given[i - 1] !== "--only");
  const names = only.length > 0 ? only.join(",").split(",") : Object.keys(PARTS);
  const unknown = unknownOption ?? names.find((name) => !(name in PARTS));
  if (unknown !== undefined)
    throw new Stop(`"${unknown}" is not a part. npm test -- --only ${Object.keys(PARTS).join(",")}`);
  return Object.keys(PARTS).filter((name) => names.includes(name));
}

async function prepare(wanted) {
  const any = (need) => wanted.some((needs) => needs[need]);
  const step = stepper(4 + Number(any("programs")));
  console.log(bold("— set-up —"));
  await step("system packages", () => ensureSystemPackages(needs({ window: any("window"), tests: any("tools") })));
  await step("Rust toolchain", ensureRust);
  await step("npm packages", ensureNodePackages);
  // The crates that carry the interface do not compile without one, so even a lint wants it.
  await step("interface", ensureInterface);
  if (!any("programs")) return;
  await step("programs", async () => {
    await cargo(HEADLESS_PROGRAMS);
    return any("window") ? cargo(WINDOW_PROGRAM) : "ready";
  });
}

/**
 * Continuous integration tries failed tests once more (Playwright does so by itself): a false alarm there costs a day.
 * What only passed on retry is told at the end, for it is a race that wants mending. Many failures are no race.
 */
async function tried(part, one) {
  const first = await perform(part, one);
  const names = first.failures.map(({ name }) => name);
  if (first.ok || !process.env.CI || !one.again || names.length === 0 || names.length > MOST_RETRIED) return first;
  const second = await perform(part, { ...one, title: `${one.title} again`, argv: one.again(names) });
  if (!second.ok || second.counts.passed < names.length) return first;
  const counts = { passed: first.counts.passed + names.length, failed: 0 };
  const time = first.time + second.time;
  return { ...first, ok: true, note: noteOf(counts, 0), time, counts, failures: [], retried: names };
}

async function perform(part, { title, argv, env, tally }) {
  console.log(bold(`\n— ${part}: ${title} —`));
  const counts = newTally();
  const read = tally && TALLIES[tally];
  const reader = newReader(tally);
  const started = Date.now();
  const { code, output } = await run(argv[0], argv.slice(1), {
    show: true,
    env,
    onLine: (line) => {
      read?.(line, counts);
      reader.read(line);
    },
    limit: 40,
  });
  if (code === 127) console.error(output);
  // A runner that found nothing to run proves nothing.
  const empty = Boolean(tally) && counts.passed + counts.failed === 0;
  const note = !tally ? "" : empty ? "ran no tests" : noteOf(counts, code);
  const ok = code === 0 && counts.failed === 0 && !empty;
  const unnamed = { name: `ended with code ${code}`, lines: code === 127 ? [output] : reader.end() };
  const failures = ok || reader.failures().length > 0 ? reader.failures() : [unnamed];
  return { part, title, ok, note, time: Date.now() - started, counts, failures, retried: reader.retried() };
}

function noteOf({ passed, failed }, code) {
  return `${passed} passed, ${failed} failed${code === 124 ? ", ended after 40 min" : ""}`;
}

function verdict(results, time) {
  console.log(bold("\n— summary —"));
  for (const { part, title, ok, note, time } of results) {
    const mark = ok ? green("ok    ") : red("FAILED");
    console.log(`${mark} ${part.padEnd(8)} ${title.padEnd(16)} ${seconds(time).padStart(12)}  ${note}`);
  }
  const sum = (key) => results.reduce((total, result) => total + result.counts[key], 0);
  const broken = results.filter((result) => !result.ok);
  const checks = results.length - broken.length;
  console.log(`\nTests: ${sum("passed")} passed, ${sum("failed")} failed`);
  console.log(`Parts: ${checks} passed, ${broken.length} failed ${dim(`(${seconds(time)})`)}`);
  for (const { title, retried } of results) {
    for (const name of retried) console.log(red(`passed on retry: ${title}: ${name}`));
  }
  for (const line of tell(broken)) console.log(line.startsWith("✖") ? red(line) : line);
  return broken.length === 0 ? 0 : 1;
}

/**
 * Whatever the tests started must be gone. The processes are known by a mark in their environment, so a Flightboard
 * that the developer uses meanwhile is not touched.
 */
async function nothingLeftRunning() {
  const result = {
    part: "end",
    title: "nothing left",
    ok: true,
    note: "",
    time: 0,
    counts: newTally(),
    failures: [],
    retried: [],
  };
  if (process.platform !== "linux") return { ...result, note: "not looked at on this system" };
  const left = await settled(markedProcesses, 200);
  if (left.length === 0) return { ...result, note: "no process outlived its test" };
  for (const { pid, command } of left) {
    console.error(red(`left running: ${pid} ${command}`));
    process.kill(pid, "SIGKILL");
  }
  const note = `${left.length} processes outlived their tests`;
  return { ...result, ok: false, note, failures: [{ name: note, lines: left.map(({ command }) => command) }] };
}

// A process that was just told to end may need a moment to be reaped.
async function settled(look, tries) {
  let left = look();
  for (let i = 0; i < tries && left.length > 0; i += 1) {
    await new Promise((resume) => setTimeout(resume, 100));
    left = look();
  }
  return left;
}

function markedProcesses() {
  const own = ancestors();
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => !own.has(pid) && quietly(() => readFileSync(`/proc/${pid}/environ`, "utf8"))?.includes(MARK))
    .map((pid) => ({
      pid,
      command: quietly(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.replaceAll("\0", " "),
    }))
    .filter(({ command }) => command);
}

function ancestors() {
  return new Set([process.pid, process.ppid]);
}

function quietly(look) {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** All tests of a folder, or those with these names. */
function nodeTests(folder, names = []) {
  const files = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".test.mjs"));
  const paths = files.sort().map((name) => join(folder, name));
  const chosen = names.map((name) => `--test-name-pattern=^${name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}$`);
  return [node, "--test", "--test-reporter=spec", "--test-concurrency=1", ...chosen, ...paths];
}

/**
 * Tests that want more than cargo are marked #[ignore], so that plain `cargo test` needs nothing else. No package is
 * named: for one alone cargo chooses other features of what it stands on, and builds that once more.
 */
function cargoIgnored(target, ...chosen) {
  return ["cargo", "test", "--offline", "--test", target, "--", "--ignored", ...chosen];
}

/** Vitest names a failure by its file first: `src/views/shell.test.tsx > screens > …`. */
function filesOf(names) {
  return [...new Set(names.map((name) => name.split(" > ")[0].trim()))];
}

/** Where the kernel lets us: a network with loopback and nothing else, so that an agent calling home is found out. */
function offline(argv) {
  const unshare = ["unshare", ...(process.getuid?.() === 0 ? ["-n"] : ["-rn"])];
  const inside = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
  const works = spawnSync(unshare[0], [...unshare.slice(1), ...inside, "true"]).status === 0;
  if (!works) console.log(dim("(no network namespaces here: the agents could reach the network if they tried)"));
  return works ? [...unshare, ...inside, ...argv] : argv;
}
