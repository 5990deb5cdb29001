// The three builds behind every command, in the order in which they need one another: npm packages, the interface
// (ui/dist, which the programs carry inside them), the Rust programs. Each is skipped when nothing it reads changed.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { must, ROOT, run, Stop } from "./say.mjs";
import { onPath } from "./system.mjs";

/** rustup puts cargo on the PATH of new shells only, so look where it lives too. Returns rustc's version. */
export async function ensureRust() {
  const home = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const bin = join(home, "bin");
  if (!onPath("cargo") && existsSync(join(bin, "cargo"))) process.env.PATH = `${bin}${delimiter}${process.env.PATH}`;
  if (!onPath("cargo")) {
    throw new Stop(
      "Rust is missing. Install it from https://rustup.rs (one line, no root needed), then run this again.",
    );
  }
  const version = await must(
    "rustc",
    ["--version"],
    "Is the toolchain of rust-toolchain.toml installed? Try: rustup show",
  );
  return version.trim().split("\n").pop().split(" (")[0];
}

/**
 * `npm ci`, unless node_modules holds what the lockfile says. npm notes what it installed in a lockfile of its own,
 * so an `npm install` by hand counts as well.
 */
export async function ensureNodePackages() {
  const wanted = lockedVersions("package-lock.json");
  const present = lockedVersions("node_modules/.package-lock.json");
  // Optional ones are other platforms' programs.
  const inStep =
    wanted.size > 0 &&
    [...wanted].every(([path, { version, optional }]) => optional || present.get(path)?.version === version);
  if (inStep) return "present";
  const advice = "Is the network there, and package-lock.json in step with package.json (`npm install`)?";
  await must(npm(), ["ci", "--no-audit", "--no-fund"], advice);
  return "installed";
}

function lockedVersions(file) {
  const packages = JSON.parse(read(join(ROOT, file)) ?? "{}").packages ?? {};
  return new Map(Object.entries(packages).filter(([path]) => path !== ""));
}

/** `vite build`, when something below ui/ changed since the last one. */
export async function ensureInterface() {
  const stamp = join(ROOT, "node_modules/.flightboard-interface");
  const sources = [...filesBelow(join(ROOT, "ui"), ["dist", "node_modules"]), join(ROOT, "package-lock.json")];
  const wanted = fingerprint(sources);
  if (read(stamp) === wanted && existsSync(join(ROOT, "ui/dist/index.html"))) return "unchanged";
  await must(
    process.execPath,
    [nodeBin("vite"), "build", "ui"],
    "The interface does not build; the lines above say where.",
  );
  writeFileSync(stamp, wanted);
  return "built";
}

/** The script behind a package's command, so that no shell and no npx is needed. */
export function nodeBin(command, packageName = command) {
  const folder = join(ROOT, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, typeof bin === "string" ? bin : bin[command]);
}

export const PROFILES = { debug: [], release: ["--release"] };

/** The programs that need no window: the per-run host and the command line (which is also `serve`). */
export const HEADLESS_PROGRAMS = ["build", "-p", "flightboard-pty-host", "-p", "flightboard-cli", "--bins"];

/** `custom-protocol` makes the window load the interface that it carries, not a development server. */
export const WINDOW_PROGRAM = ["build", "-p", "flightboard-desktop", "--bins", "--features", "custom-protocol"];

export async function cargo(args, profile = "debug") {
  const { code } = await run("cargo", [...args, ...PROFILES[profile]], { show: true });
  if (code !== 0) throw new Stop("The Rust programs do not build; the lines above say where.");
  return "ready";
}

export function program(name, profile = "debug") {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  return join(target, profile, process.platform === "win32" ? `${name}.exe` : name);
}

export function npm() {
  return process.platform === "win32" ? "npm.cmd" : "npm";
}

function fingerprint(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file.slice(ROOT.length)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

function filesBelow(folder, skip) {
  return readdirSync(folder)
    .filter((name) => !skip.includes(name))
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesBelow(path, skip) : [path]));
}

function read(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
