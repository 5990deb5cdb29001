// The queue beside others: enqueue, claim and complete per second, and what they flush, at 1, 8 and 64 callers. On a
// memory file system where a preloaded library makes every flush cost 1 ms, so that no disk flatters anybody, and on
// the real disk. The contenders take turns. Then the queue when much is in it (`queues/at_size.mjs`).
// `--quick` (one round of a quarter), `--repeats N`, `--callers 1,8,64`, `--only ours,river,…`, `--disk 0`,
// `--many CARDS`, `--at-size 0`.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, option, spread } from "./figures.mjs";
import { amongMany, restart, snapshot } from "./queues/at_size.mjs";
import {
  ask,
  buildOurs,
  buildPeer,
  buildShim,
  cache,
  DISK,
  inFolder,
  MEMORY,
  ours,
  target,
} from "./queues/running.mjs";

const here = fileURLToPath(new URL("queues", import.meta.url));
const QUICK = process.argv.includes("--quick");
const REPEATS = option("repeats", QUICK ? 1 : 3);
const CALLERS = option("callers", "1,8,64").split(",").map(Number);
const ONLY = option("only", "ours,river,effectum,effectum-wal,bullmq").split(",");
const ON_DISK = option("disk", 1) === 1;
const AT_SIZE = option("at-size", 1) === 1;
const MANY = option("many", QUICK ? 100_000 : 1_000_000);
/** Enough to last a second or so; whoever makes a flush for each is the slowest of them. */
const JOBS = QUICK ? { 1: 120, 8: 800, 64: 3_200 } : { 1: 400, 8: 3_200, 64: 12_800 };

/** `durable`: what an answer means in each, because none of them means quite the same. */
const CONTENDERS = {
  ours: {
    title: "Flightboard",
    durable: "each call is answered after its flush",
    build: buildOurs,
    load: (dir, callers, jobs, env) => ours([dir, "work", callers, jobs], env),
  },
  river: {
    title: "riverqueue 0.5.0 (SQLite, WAL, FULL)",
    durable: "its completions are stored in batches after the worker has gone on: a crash repeats those jobs",
    build: () => buildPeer("river"),
    load: (dir, callers, jobs, env) => ask(join(target, "release/bench-river"), [dir, callers, jobs], env),
  },
  effectum: {
    title: "effectum 0.7.0 (SQLite, its rollback journal, made to use FULL)",
    durable: "offers NORMAL only, which may lose what was answered; here each connection is told FULL",
    build: () => buildPeer("effectum"),
    load: (dir, callers, jobs, env) => ask(join(target, "release/bench-effectum"), [dir, callers, jobs], env),
  },
  "effectum-wal": {
    title: "effectum 0.7.0, given a write-ahead log, which it does not offer",
    durable: "the same",
    build: () => buildPeer("effectum"),
    load: (dir, callers, jobs, env) => ask(join(target, "release/bench-effectum"), [dir, callers, jobs, "wal"], env),
  },
  bullmq: {
    title: "BullMQ 5.61.0 (redis-server, appendfsync always)",
    durable: "each call is answered after its flush; one call ends a job and fetches the next",
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

async function onRedis(dir, callers, jobs, env) {
  const port = await freePort();
  const config = `--port ${port} --bind 127.0.0.1 --dir ${dir} --appendonly yes --appendfsync always`;
  const server = spawn("redis-server", [...config.split(" "), "--save", ""], {
    env: { ...process.env, ...env },
    stdio: "ignore",
  });
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

function build(names) {
  return names.filter((name) => {
    try {
      CONTENDERS[name].build();
      return true;
    } catch (error) {
      console.log(`${CONTENDERS[name].title} is left out: ${error.message.split("\n")[0]}`);
      return false;
    }
  });
}

async function compare(place, costUs, heading) {
  console.log(`\n${heading} (load before: ${loadavg()[0].toFixed(1)})`);
  for (const callers of CALLERS) {
    const jobs = JOBS[callers] ?? 3_200;
    const seen = Object.fromEntries(there.map((name) => [name, []]));
    for (let round = 0; round < REPEATS; round += 1)
      for (const name of round % 2 === 0 ? there : there.toReversed())
        seen[name].push(await inFolder(place, costUs, (dir, env) => CONTENDERS[name].load(dir, callers, jobs, env)));
    console.log(`  ${callers} callers, ${jobs} jobs`);
    for (const name of there) tell(CONTENDERS[name].title, seen[name], name === "ours" ? undefined : seen.ours);
  }
  console.log(`  load after: ${loadavg()[0].toFixed(1)}`);
}

function tell(title, rounds, ours) {
  const of = (phase, figure) =>
    rounds.map((round) => round[phase]?.[figure]).filter((value) => typeof value === "number");
  const times = (phase) => {
    if (!ours) return "";
    const ratio = median(ours.map((round) => round[phase].per_s)) / median(of(phase, "per_s"));
    return `: Flightboard ${ratio.toFixed(1)} times as fast`;
  };
  const flushes = (phase) => `${median(of(phase, "syncs_per_job"))} flushes a job${times(phase)}`;
  const p99 = (phase) => `p99 ${spread(of(phase, "p99_ms"), "ms", 2)}`;
  console.log(`    ${title}`);
  console.log(
    `      enqueue           ${spread(of("enqueue", "per_s"), "/s")}, p50 ${median(of("enqueue", "p50_ms")).toFixed(2)} ms, ${p99("enqueue")}, ${flushes("enqueue")}`,
  );
  const tails = of("claim", "p99_ms").length ? `, claim ${p99("claim")}, complete ${p99("complete")}` : "";
  console.log(`      claim + complete  ${spread(of("work", "per_s"), "/s")}${tails}, ${flushes("work")}`);
}

function msPerFlush() {
  return inFolder(DISK, 0, async (dir) => {
    const script =
      "import os,sys,time\nf=os.open(sys.argv[1],os.O_CREAT|os.O_WRONLY)\nb=b'x'*4096\nt=time.time()\nfor i in range(300):\n os.pwrite(f,b,4096*i); os.fdatasync(f)\nprint((time.time()-t)/300*1e3)";
    return Number(execFileSync("python3", ["-c", script, join(dir, "flushed")]).toString());
  });
}

buildShim();
for (const name of ONLY) console.log(`${CONTENDERS[name].title}: ${CONTENDERS[name].durable}`);
const there = build(ONLY);
const begun = performance.now();
if (MEMORY) await compare(MEMORY, 1_000, "Memory file system, every flush 1 ms");
if (ON_DISK) {
  const each = await msPerFlush();
  await compare(DISK, 0, `This disk: ${each.toFixed(2)} ms a flush, ${Math.round(1e3 / each)} flushes a second`);
}
if (there.includes("ours") && AT_SIZE) {
  await amongMany(MANY, REPEATS);
  await restart(100_000, REPEATS);
  await snapshot(10_000, 40);
}
console.log(`\nmeasured for ${((performance.now() - begun) / 60_000).toFixed(1)} minutes`);
