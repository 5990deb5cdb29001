// The queue beside others: enqueue, claim and complete per second, and what they flush, at 1, 8 and 64 callers. On a
// memory file system where a preloaded library makes every flush cost 1 ms, so that no disk flatters anybody, and on
// the real disk. The contenders take turns. Then a claim among many cards, and what a restart costs.
// `--repeats N`, `--callers 1,8,64`, `--only ours,river,effectum,bullmq`, `--disk 0`.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, option, spread } from "./figures.mjs";

const here = fileURLToPath(new URL("queues", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const cache = join(root, "tests/.cache/queues");
const REPEATS = option("repeats", 3);
const CALLERS = option("callers", "1,8,64").split(",").map(Number);
const ONLY = option("only", "ours,river,effectum,bullmq").split(",");
const DISK = option("disk", 1) === 1;
const MANY = option("many", 1_000_000);
const JOBS = { 1: 600, 8: 4_000, 64: 20_000 };
const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : null;

mkdirSync(cache, { recursive: true });
const shim = join(cache, "slow_sync.so");
execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", shim, join(here, "slow_sync.c"), "-ldl"]);

const CONTENDERS = {
  ours: {
    title: "Flightboard",
    build: () => cargo(["build", "--release", "-p", "flightboard-store", "--example", "queue_load"], root),
    load: (dir, callers, jobs, env) =>
      ask(join(target, "release/examples/queue_load"), [dir, "work", callers, jobs], env),
  },
  river: {
    title: "riverqueue 0.5.0 (SQLite, WAL, FULL)",
    build: () => cargo(["build", "--release", "--locked"], join(here, "river")),
    load: (dir, callers, jobs, env) => ask(join(target, "release/bench-river"), [dir, callers, jobs], env),
  },
  effectum: {
    title: "effectum 0.7.0 (SQLite, rollback journal, NORMAL: its own choice)",
    build: () => cargo(["build", "--release", "--locked"], join(here, "effectum")),
    load: (dir, callers, jobs, env) => ask(join(target, "release/bench-effectum"), [dir, callers, jobs], env),
  },
  bullmq: {
    title: "BullMQ 5.61.0 (redis-server, appendfsync always)",
    build: () => bullmq(),
    load: (dir, callers, jobs, env) => onRedis(dir, callers, jobs, env),
  },
};

/** Its own folder: the product does not depend on it. */
function bullmq() {
  execFileSync("redis-server", ["--version"], { stdio: "ignore" });
  const folder = join(cache, "bullmq");
  mkdirSync(folder, { recursive: true });
  for (const file of ["package.json", "load.mjs"])
    writeFileSync(join(folder, file), readFileSync(join(here, "bullmq", file)));
  if (!existsSync(join(folder, "node_modules/bullmq")))
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, stdio: "ignore" });
}

function cargo(args, cwd) {
  execFileSync("cargo", args, {
    cwd,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, CARGO_TARGET_DIR: target },
  });
}

async function ask(program, args, env) {
  const child = spawn(program, args.map(String), {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (text) => {
    said += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
  return JSON.parse(said);
}

async function onRedis(dir, callers, jobs, env) {
  const port = await freePort();
  const config = [
    "--port",
    port,
    "--bind",
    "127.0.0.1",
    "--dir",
    dir,
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--save",
    "",
  ];
  const server = spawn("redis-server", config.map(String), { env: { ...process.env, ...env }, stdio: "ignore" });
  const gone = once(server, "exit");
  try {
    await reachable(port);
    // The server flushes, so only it is slowed; the count is read by both.
    return await ask(process.execPath, [join(cache, "bullmq/load.mjs"), port, callers, jobs], {
      FSYNC_COUNT: env.FSYNC_COUNT ?? "",
    });
  } finally {
    server.kill("SIGTERM");
    await gone;
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function reachable(port) {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const met = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (met) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function inFolder(place, costUs, work) {
  const dir = mkdtempSync(join(place, "flightboard-queue-"));
  const counter = join(dir, "flushes");
  writeFileSync(counter, Buffer.alloc(8));
  try {
    return await work(dir, { LD_PRELOAD: shim, FSYNC_COST_US: String(costUs), FSYNC_COUNT: counter });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const names = ONLY.filter((name) => CONTENDERS[name]);
const there = [];
for (const name of names) {
  try {
    CONTENDERS[name].build();
    there.push(name);
  } catch (error) {
    console.log(`${CONTENDERS[name].title} is left out: ${error.message.split("\n")[0]}`);
  }
}

async function compare(place, costUs, heading) {
  console.log(`\n${heading} (load before: ${loadavg()[0].toFixed(1)})`);
  for (const callers of CALLERS) {
    const seen = Object.fromEntries(there.map((name) => [name, []]));
    for (let round = 0; round < REPEATS; round += 1)
      for (const name of round % 2 === 0 ? there : there.toReversed())
        seen[name].push(
          await inFolder(place, costUs, (dir, env) => CONTENDERS[name].load(dir, callers, JOBS[callers] ?? 4_000, env)),
        );
    console.log(`  ${callers} callers, ${JOBS[callers] ?? 4_000} jobs`);
    for (const name of there) tell(CONTENDERS[name].title, seen[name], name === "ours" ? null : seen.ours);
  }
  console.log(`  load after: ${loadavg()[0].toFixed(1)}`);
}

function tell(title, rounds, ours) {
  const of = (phase, figure) =>
    rounds.map((round) => round[phase]?.[figure]).filter((value) => typeof value === "number");
  const times = (phase) =>
    ours
      ? `, ${(median(ours.map((round) => round[phase].per_s)) / median(of(phase, "per_s"))).toFixed(1)} times as fast`
      : "";
  console.log(`    ${title}`);
  console.log(
    `      enqueue           ${spread(of("enqueue", "per_s"), "/s")}, p50 ${median(of("enqueue", "p50_ms")).toFixed(2)} ms, ` +
      `p99 ${median(of("enqueue", "p99_ms")).toFixed(2)} ms, ${median(of("enqueue", "syncs_per_job"))} flushes a job${ours ? `: Flightboard${times("enqueue")}` : ""}`,
  );
  const tails = of("claim", "p99_ms").length
    ? `, claim p99 ${median(of("claim", "p99_ms")).toFixed(2)} ms, complete p99 ${median(of("complete", "p99_ms")).toFixed(2)} ms`
    : "";
  console.log(
    `      claim + complete  ${spread(of("work", "per_s"), "/s")}${tails}, ${median(of("work", "syncs_per_job"))} flushes a job${ours ? `: Flightboard${times("work")}` : ""}`,
  );
}

/** A claim where 1,000 cards are ready, and where 100,000 of a million are. */
async function amongMany() {
  const program = join(target, "release/examples/queue_load");
  const look = (dir, stored, ready) => ask(program, [dir, "claims", stored, ready], {});
  const place = MEMORY ?? tmpdir();
  await inFolder(place, 0, (small) =>
    inFolder(place, 0, async (big) => {
      await look(small, 1_000, 1_000);
      await look(big, MANY, MANY / 10);
      const seen = { small: [], big: [] };
      for (let round = 0; round < REPEATS; round += 1) {
        // A claim uses a card up: the small board is filled again each time.
        seen.small.push(await inFolder(place, 0, (dir) => look(dir, 1_000, 1_000)));
        seen.big.push(await look(big, MANY, MANY / 10));
      }
      const p99 = (rounds) => rounds.map((round) => round.claim.p99_ms);
      console.log(`\nA claim (load ${loadavg()[0].toFixed(1)})`);
      console.log(`  p99 with 1,000 ready: ${spread(p99(seen.small), "ms", 2)}`);
      console.log(`  p99 with ${MANY / 10} ready of ${MANY}: ${spread(p99(seen.big), "ms", 2)}`);
      console.log(`  ratio ${(median(p99(seen.big)) / median(p99(seen.small))).toFixed(2)}`);
      console.log(
        `  open and first claim there: ${spread(
          seen.big.map((round) => round.opened_ms),
          "ms",
          1,
        )}`,
      );
    }),
  );
}

function diskRate() {
  return inFolder(tmpdir(), 0, async (dir) => {
    const script =
      "import os,sys,time\nf=os.open(sys.argv[1],os.O_CREAT|os.O_WRONLY)\nb=b'x'*4096\nt=time.time()\nfor i in range(300):\n os.pwrite(f,b,4096*i); os.fdatasync(f)\nprint((time.time()-t)/300*1e3)";
    return Number(execFileSync("python3", ["-c", script, join(dir, "flushed")]).toString());
  });
}

if (MEMORY) await compare(MEMORY, 1_000, "Memory file system, every flush 1 ms");
if (DISK) {
  const each = await diskRate();
  await compare(tmpdir(), 0, `This disk: ${each.toFixed(2)} ms a flush, ${Math.round(1e3 / each)} flushes a second`);
}
if (there.includes("ours") && MANY > 0) await amongMany();
