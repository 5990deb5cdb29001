// The board in a browser, as a test meets it: `flightboard serve` runs with a home and a data directory that last as
// long as the test, and `page` is already logged in. A test that ends leaves no process: agents outlive the server by
// design, so they are stopped by name of the data directory that they work in.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { test as base, expect } from "@playwright/test";
import { program } from "../../src-tauri/setup/build.mjs";

export { expect };

const execute = promisify(execFile);
const FLIGHTBOARD = program("flightboard");

export const test = base.extend({
  /** A machine: folders, an environment, and the command line speaking to the same data directory. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern.
  machine: async ({}, use) => {
    const machine = newMachine();
    await use(machine);
    endProcessesBelow(machine.data);
    rmSync(machine.folder, { recursive: true, force: true, maxRetries: 5 });
  },

  /** The running server; `server.stop()` and `server.start()` let a test take it away and bring it back. */
  server: async ({ machine }, use) => {
    const server = new Server(machine);
    await server.start();
    await use(server);
    await server.stop();
  },

  page: async ({ page, server }, use) => {
    await enter(page, server);
    await use(page);
  },
});

/** Follows the login link; its page leads on to the board by itself. */
export async function enter(page, server) {
  await page.goto(server.address);
  await page.waitForURL((url) => url.pathname !== "/login");
}

function newMachine() {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "fb-ui-"));
  const at = (name) => {
    mkdirSync(join(folder, name), { recursive: true });
    return join(folder, name);
  };
  const machine = { folder, home: at("home"), data: at("data") };
  machine.env = {
    ...process.env,
    HOME: machine.home,
    FLIGHTBOARD_DATA_DIR: machine.data,
    FLIGHTBOARD_DEMO_PACE: "0.05",
  };
  machine.flightboard = async (...args) => {
    const { stdout } = await execute(FLIGHTBOARD, ["--json", ...args], { env: machine.env });
    return JSON.parse(stdout);
  };
  machine.repository = (name, files = { "README.md": "# Example\n" }) => newRepository(at(name), files);
  return machine;
}

/** A git repository with one commit. */
async function newRepository(folder, files) {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const git = (...args) =>
    execute("git", ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", ...args], { cwd: folder });
  await git("init", "-q", "-b", "main");
  await git("add", ".");
  await git("commit", "-q", "-m", "start");
  return folder;
}

class Server {
  constructor(machine) {
    this.machine = machine;
  }

  async start({ args = [], env = {} } = {}) {
    this.child = spawn(FLIGHTBOARD, ["serve", "--port", "0", ...args], {
      cwd: this.machine.folder,
      env: { ...this.machine.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    this.child.stderr.on("data", (text) => {
      said += text;
    });
    const ended = once(this.child, "exit").then(([code]) => {
      throw new Error(`flightboard serve ended with ${code}: ${said}`);
    });
    // Awaited only until the first line; an orderly end later on is no news.
    ended.catch(() => {});
    this.lines = createInterface({ input: this.child.stdout });
    [this.address] = await Promise.race([once(this.lines, "line"), ended]);
  }

  async stop(signal = "SIGTERM") {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    await ended;
  }
}

function endProcessesBelow(data) {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, "utf8").includes(data)) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended meanwhile, or is not ours to look at.
    }
  }
}
