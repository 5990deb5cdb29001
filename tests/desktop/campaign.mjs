// Killing the real window again and again while agents write and somebody else's changes are acknowledged. The story
// does it a few times, the benchmark two hundred; both get the same figures, which are all zero if the promise holds.
// The windows are started without WebDriver: nobody watches them, and the killing is not to wait for a page.

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { program } from "../../src-tauri/setup/build.mjs";
import { isRunning } from "./harness.mjs";

const AGENTS = 10;
const PATIENCE = 60_000;
const SCRIBE = fileURLToPath(new URL("scribe.mjs", import.meta.url));

// Some 12 KB a second each, until the file `go` is there. What it wrote, as the terminal passes it on, is counted and
// hashed by the agent itself and left in `told`.
const AGENT = `
import hashlib, os, sys, time
go, told = sys.argv[1:]
sent, hashed, n = 0, hashlib.sha256(), 0
def say(text):
    global sent
    data = text.encode()
    while data:
        data = data[os.write(1, data):]
    seen = text.replace("\\n", "\\r\\n").encode()
    sent += len(seen)
    hashed.update(seen)
while not os.path.exists(go):
    for _ in range(10):
        n += 1
        say(f"line {n}\\n")
    time.sleep(0.01)
say(f"done {n}\\n")
with open(told, "w") as file:
    file.write(f"{sent} {hashed.hexdigest()}")
`;

const KEPT = `
import json, sqlite3, sys
with sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True) as db:
    sound = db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    titles = [row[0] for row in db.execute("SELECT title FROM tasks")]
    bodies = [row[0] for row in db.execute("SELECT body FROM task_comments")]
    print(json.dumps({"sound": sound, "there": titles + bodies}))
`;

/**
 * Kills the window `kills` times, each at a moment of its own within `longest` milliseconds of its start. Returns
 * what came to harm, in lists that should be empty, and what was seen on the way.
 */
export async function campaign(desk, { kills, seed, longest, profile }) {
  const chance = chances(seed);
  const [socket, go] = [join(desk.data, "engine.sock"), join(desk.folder, "go")];
  let window = await openUnwatched(desk, profile);
  await answers(socket, window);
  const agents = await startAgents(desk, profile, go);
  const scribe = await startScribe(socket, join(desk.folder, "acknowledged"));
  const seen = { killedBeforeTheFirstAnswer: 0, slowestEnd: 0, lastToGo: "", alive: 0 };
  const harm = { agents: [], refused: [], orphans: [], logs: [], changes: [] };
  for (let round = 1; round <= kills; round += 1) {
    if (round > 1) window = await openUnwatched(desk, profile);
    const before = scribe.count();
    await Promise.race([pause(chance() * longest), window.ended]);
    if (window.code !== undefined) harm.refused.push(`window ${round} ended by itself with ${window.code}`);
    const killed = performance.now();
    process.kill(window.pid, "SIGKILL");
    await window.ended;
    const { left, last } = await gone(desk);
    harm.orphans.push(...left.map((process) => `window ${round} left ${process}`));
    const took = performance.now() - killed;
    if (took > seen.slowestEnd) Object.assign(seen, { slowestEnd: took, lastToGo: last });
    if (scribe.count() === before) seen.killedBeforeTheFirstAnswer += 1;
    for (const agent of agents.filter(({ mark }) => !lives(mark))) harm.agents.push(`round ${round}: run ${agent.run}`);
  }
  window = await openUnwatched(desk, profile);
  await answers(socket, window);
  const acknowledged = await scribe.stop();
  seen.alive = agents.filter(({ mark }) => lives(mark)).length;
  writeFileSync(go, "");
  for (const agent of agents) {
    const trouble = await agentsTrouble(desk, profile, agent);
    if (trouble) harm.agents.push(trouble);
    if (!isWhole(desk, agent)) harm.logs.push(`run ${agent.run}`);
  }
  process.kill(window.pid, "SIGTERM");
  await window.ended;
  const { left } = await gone(desk, () => true);
  harm.orphans.push(...left.map((process) => `the end left ${process}`));
  const { sound, there } = JSON.parse(
    execFileSync("python3", ["-c", KEPT, join(desk.data, "flightboard.db")], { maxBuffer: 1 << 28 }),
  );
  if (!sound) harm.changes.push("the database is not sound");
  const kept = new Set(there);
  harm.changes.push(...acknowledged.filter((change) => !kept.has(change)));
  const bytes = agents.reduce((sum, { run }) => sum + logOf(desk, run).length, 0);
  return { harm, seen: { ...seen, agents: agents.length, acknowledged: acknowledged.length, bytes } };
}

/** The window as a person's session starts it. */
async function openUnwatched(desk, profile) {
  const log = openSync(join(desk.folder, "window.log"), "a");
  const child = spawn(program("flightboard-desktop", profile), {
    cwd: desk.folder,
    env: { ...process.env, ...desk.env },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const window = { pid: child.pid, code: undefined };
  window.ended = once(child, "exit").then(([code, signal]) => {
    window.code = signal ?? code;
  });
  await once(child, "spawn");
  return window;
}

async function startAgents(desk, profile, go) {
  const script = join(desk.folder, "agent.py");
  writeFileSync(script, AGENT);
  const agents = [];
  for (let n = 1; n <= AGENTS; n += 1) {
    const told = join(desk.folder, `told-${n}`);
    const card = await flightboard(desk, profile, "add", `Agent ${n}`);
    const argv = ["run", String(card.id), "--agent", "custom", "--", "python3", script, go, told];
    const { run } = await flightboard(desk, profile, ...argv);
    const host = JSON.parse(readFileSync(join(desk.data, "runs", String(run.id), "host.json"), "utf8"));
    agents.push({ card: card.id, run: run.id, told, mark: host.agent });
  }
  return agents;
}

/** A second process that writes all the time, through whichever window is there. */
async function startScribe(socket, notes) {
  writeFileSync(notes, "");
  const child = spawn(process.execPath, [SCRIBE, socket, notes], { stdio: ["pipe", "inherit", "inherit"] });
  const ended = once(child, "exit");
  const lines = () => readFileSync(notes, "utf8").split("\n").filter(Boolean);
  await until("the first change is acknowledged", () => lines().length > 0);
  return {
    count: () => lines().length,
    stop: async () => {
      child.stdin.end();
      await ended;
      return lines();
    },
  };
}

async function flightboard(desk, profile, ...args) {
  const options = { env: { ...process.env, ...desk.env }, encoding: "utf8" };
  return JSON.parse(execFileSync(program("flightboard", profile), ["--json", ...args], options));
}

/** What went wrong with a run that was told to end, if anything. */
async function agentsTrouble(desk, profile, { card, run, told }) {
  let found;
  await until(`run ${run} is closed`, async () => {
    found = await flightboard(desk, profile, "show", String(card));
    return found.status !== "in_progress";
  });
  const [only] = found.runs;
  const well = found.status === "review" && found.run_count === 1 && only.exit_code === 0 && existsSync(told);
  return well ? undefined : `run ${run}: the card is in ${found.status} after ${found.run_count} runs`;
}

function logOf(desk, run) {
  return readFileSync(join(desk.data, "runs", String(run), "output.log"));
}

function isWhole(desk, { run, told }) {
  const log = logOf(desk, run);
  const [bytes, hash] = existsSync(told) ? readFileSync(told, "utf8").split(" ") : [];
  const exit = JSON.parse(readFileSync(join(desk.data, "runs", String(run), "exit.json"), "utf8"));
  const same = createHash("sha256").update(log).digest("hex") === hash;
  return same && log.length === Number(bytes) && exit.output_bytes === log.length;
}

/** The process of that number is still the one that was started. */
function lives({ pid, start }) {
  const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, "utf8")) ?? "";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return isRunning(pid) && Number(fields[19]) === start;
}

/** Waits until nothing of the window is left; says who went last, and who stays all the same. Runs are no part of it. */
async function gone(desk, counts = (process) => !process.ofARun) {
  let left = [];
  let last = "";
  const look = () => {
    left = processesAt(desk).filter(counts);
    last = left.map(({ name }) => name).join(", ") || last;
    return left.length === 0;
  };
  await until("the window's processes are gone", look).catch(() => {});
  return { left: left.map(({ pid, name }) => `${name} (${pid})`), last };
}

/** Processes that were started for this data directory: they have it in their environment. */
function processesAt(desk) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((pid) => {
    const environment = quietly(() => readFileSync(`/proc/${pid}/environ`, "utf8")) ?? "";
    if (!environment.includes(`FLIGHTBOARD_DATA_DIR=${desk.data}\0`) || !isRunning(pid)) return [];
    const name = basename(quietly(() => readlinkSync(`/proc/${pid}/exe`)) ?? "it");
    return [{ pid, name, ofARun: name === "flightboard-pty-host" || /(^|\0)FLIGHTBOARD_RUN=/.test(environment) }];
  });
}

function quietly(look) {
  try {
    return look();
  } catch {
    return undefined;
  }
}

async function answers(socket, window) {
  await until("the window's engine answers", async () => {
    if (window.code !== undefined) throw new Error(`the window ended with ${window.code}`);
    const attempt = connect(socket);
    const connected = once(attempt, "connect").then(() => true);
    const outcome = await connected.catch(() => false);
    attempt.destroy();
    return outcome;
  });
}

async function until(what, look) {
  const end = Date.now() + PATIENCE;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`waited for: ${what}`);
    await pause(20);
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32, by Tommy Ettinger, public domain). */
function chances(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
