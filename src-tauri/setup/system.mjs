// The system packages that Flightboard needs, and putting in what is missing. A need that some command on PATH
// already fulfils is met, whoever installed it. Only Debian and its relatives are installed for; elsewhere the list
// is printed and the build goes on, since we cannot tell whether another distribution's names are there.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, Stop } from "./say.mjs";

const COMPILE = [
  { package: "build-essential", commands: [["cc", "make"]] },
  { package: "pkg-config", commands: [["pkg-config"]] },
  { package: "git", commands: [["git"]] },
];

const WINDOW = [
  { package: "libwebkit2gtk-4.1-dev" },
  { package: "librsvg2-dev" },
  { package: "libayatana-appindicator3-dev" },
];

const TEST = [
  { package: "webkit2gtk-driver", commands: [["WebKitWebDriver"]] },
  { package: "xvfb", commands: [["xvfb-run", "Xvfb"]] },
  { package: "xauth", commands: [["xauth"]] },
  { package: "xdotool", commands: [["xdotool"]] },
  { package: "dbus", commands: [["dbus-run-session"]] },
  { package: "dbus-x11", commands: [["dbus-launch"]] },
  { package: "xfce4-panel", commands: [["xfce4-panel"]] },
  { package: "libglib2.0-bin", commands: [["gdbus"]] },
  { package: "chromium", commands: [["chromium"], ["chromium-browser"], ["google-chrome"]] },
  { package: "fonts-dejavu-core" },
  { package: "python3", commands: [["python3"]] },
  { package: "python3-venv" },
  { package: "procps", commands: [["ps"]] },
  { package: "util-linux", commands: [["unshare"]] },
  { package: "iproute2", commands: [["ip"]] },
  { package: "zsh", commands: [["zsh"]] },
  { package: "fish", commands: [["fish"]] },
  { package: "man-db", commands: [["man"]] },
];

/** What the queue is measured beside. */
const PEERS = [{ package: "redis-server", commands: [["redis-server"]] }];

/** What a command needs: `npm start` without a display can leave the window's libraries out. */
export function needs({ window = false, tests = false, peers = false }) {
  return [...COMPILE, ...(window ? WINDOW : []), ...(tests ? TEST : []), ...(peers ? PEERS : [])];
}

/** Installs what is missing and returns a sentence for the step's line. */
export async function ensureSystemPackages(wanted) {
  if (process.platform !== "linux") return `left to ${process.platform}'s own tools`;
  const missing = missingFrom(wanted);
  if (missing.length === 0) return "present";
  const names = missing.map((need) => need.package);
  if (!onPath("dpkg-query") || !onPath("apt-get")) {
    console.log(`  This is not Debian, so nothing is installed. Needed, by their Debian names: ${names.join(" ")}`);
    return "left to you (see the list above)";
  }
  console.log(`  installing ${names.join(" ")}`);
  await apt(["update"], names);
  await apt(["install", "-y", "--no-install-recommends", ...names], names);
  const still = missingFrom(wanted).map((need) => need.package);
  if (still.length > 0) throw new Stop(`apt-get succeeded, but these are still missing: ${still.join(" ")}`);
  return `installed ${names.length}`;
}

function missingFrom(wanted) {
  const unmet = wanted.filter((need) => !need.commands?.some((all) => all.every(onPath)));
  const installed = installedPackages(unmet.map((need) => need.package));
  return unmet.filter((need) => !installed.has(need.package));
}

function installedPackages(names) {
  if (names.length === 0) return new Set();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are for dpkg-query.
  const format = "${db:Status-Abbrev} ${Package}\n";
  const { stdout } = spawnSync("dpkg-query", ["-W", "-f", format, ...names], { encoding: "utf8" });
  const lines = (stdout ?? "").split("\n").filter((line) => line.startsWith("ii"));
  return new Set(lines.map((line) => line.split(/\s+/)[1]));
}

// A mirror that is busy or a lock that is held is the usual trouble, so each step gets three tries.
async function apt(args, names) {
  const byHand = `apt-get update && apt-get install -y ${names.join(" ")}`;
  const [program, ...before] = asRoot(byHand);
  let last = "";
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const { code, output } = await run(
      program,
      [...before, "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", ...args],
      // sudo asks for its password on the terminal itself, not on standard input.
      { env: { DEBIAN_FRONTEND: "noninteractive" } },
    );
    if (code === 0) return;
    last = output;
    console.log(`  apt-get ${args[0]} did not work (attempt ${attempt} of 3)`);
    if (attempt < 3) await new Promise((resume) => setTimeout(resume, 5_000 * attempt));
  }
  process.stderr.write(`${last.trimEnd()}\n`);
  throw new Stop(`The system packages could not be installed. Is the network there? By hand, as root:\n  ${byHand}`);
}

function asRoot(byHand) {
  if (process.getuid() === 0) return ["env", "DEBIAN_FRONTEND=noninteractive"];
  if (!onPath("sudo"))
    throw new Stop(`System packages are missing, and neither root nor sudo is at hand. As root:\n  ${byHand}`);
  const quiet = process.env.CI || !process.stdin.isTTY ? ["-n"] : [];
  return ["sudo", ...quiet, "env", "DEBIAN_FRONTEND=noninteractive"];
}

/** Whether a command of that name can be run; /usr/sbin counts although a user's PATH often leaves it out. */
export function onPath(command) {
  return findCommand(command) !== undefined;
}

export function findCommand(command) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter(Boolean);
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path);
  } catch {
    return false;
  }
}
