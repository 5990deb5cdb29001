// How a load is run: a program in a folder of its own, under a preloaded library that counts flushes and can make each
// cost more. What is loaded and what comes of it is the callers' business.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
export const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
export const cache = join(root, "tests/.cache/queues");
/** A memory file system, where there is one. */
export const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : null;
export const DISK = tmpdir();

const shim = join(cache, "slow_sync.so");

export function buildShim() {
  mkdirSync(cache, { recursive: true });
  execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", shim, join(here, "slow_sync.c"), "-ldl"]);
}

/** Our own load, `crates/store/examples/queue_load.rs`. */
export const ours = (args, env) => ask(join(target, "release/examples/queue_load"), args, env);

export function buildOurs() {
  cargo(["build", "--release", "-p", "flightboard-store", "--example", "queue_load"], root);
}

/** A package outside the workspace, built beside it. */
export function buildPeer(name) {
  cargo(["build", "--release", "--locked"], join(here, name));
}

function cargo(args, cwd) {
  execFileSync("cargo", args, {
    cwd,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, CARGO_TARGET_DIR: target },
  });
}

/** Runs a program and returns the JSON that it prints, or nothing where it prints nothing. */
export async function ask(program, args, env = {}) {
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
  return said === "" ? null : JSON.parse(said);
}

/** Does `work` in a new folder below `place`, where every flush costs at least so many microseconds. */
export async function inFolder(place, costUs, work) {
  const dir = mkdtempSync(join(place, "flightboard-queue-"));
  const counter = join(dir, "flushes");
  writeFileSync(counter, Buffer.alloc(8));
  try {
    return await work(dir, { LD_PRELOAD: shim, FSYNC_COST_US: String(costUs), FSYNC_COUNT: counter });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
