// The Rust crates import one way: domain <- store, agents, pty-host, terminal, workspaces <- engine <- app <- mcp <- http <- cli, desktop.
// The rule is a rank for each crate; a crate may use lower ranks only. Read from `cargo metadata`, so a dependency
// that nobody uses yet counts as well.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { ROOT } from "../../src-tauri/setup/say.mjs";

const RANK = {
  domain: 0,
  store: 1,
  agents: 1,
  "pty-host": 1,
  terminal: 1,
  workspaces: 1,
  engine: 2,
  app: 3,
  mcp: 4,
  // Serves the former under a route.
  http: 5,
  // The last two host the engine and may open the other doors (`flightboard serve`).
  cli: 6,
  desktop: 6,
};

// Doors unpack, call one operation, and pack: what lies behind the front door is not theirs to reach.
const DOORS = ["http", "mcp", "cli", "desktop"];
const BEHIND_THE_FRONT_DOOR = ["store", "engine", "workspaces"];

// Crates that only tests may use; they may use anything themselves.
const TESTS_ONLY = ["testkit", "stories"];

function wrongImports(packages) {
  const wrong = [];
  for (const { name, uses } of packages) {
    if (TESTS_ONLY.includes(name)) continue;
    if (!(name in RANK)) {
      wrong.push(`${name} has no rank: say in this test where it stands`);
      continue;
    }
    for (const { name: used, dev } of uses) {
      // A crate's own tests may name it again, to switch features on for them.
      if (used === name && dev) continue;
      if (TESTS_ONLY.includes(used) ? dev : RANK[used] < RANK[name]) {
        if (dev || !DOORS.includes(name) || !BEHIND_THE_FRONT_DOOR.includes(used)) continue;
        wrong.push(`${name} is a door and must call app, not ${used}`);
      } else {
        wrong.push(`${name} must not use ${used}`);
      }
    }
  }
  return wrong;
}

test("crates import in one direction", () => {
  assert.deepEqual(wrongImports(workspacePackages()), []);
});

test("an import against the direction, a sideways one and a door's reach past app are caught", () => {
  const uses = (name, used, dev = false) => wrongImports([{ name, uses: [{ name: used, dev }] }]);
  assert.deepEqual(uses("domain", "store"), ["domain must not use store"]);
  assert.deepEqual(uses("store", "agents"), ["store must not use agents"]);
  assert.deepEqual(uses("http", "store"), ["http is a door and must call app, not store"]);
  assert.deepEqual(uses("engine", "testkit"), ["engine must not use testkit"]);
  assert.deepEqual(uses("engine", "testkit", true), []);
  assert.deepEqual(uses("app", "engine"), []);
  assert.match(uses("newcomer", "domain")[0], /has no rank/);
});

test("agents reads bytes and no more: it depends on no crate that does I/O", () => {
  const agents = workspacePackages().find(({ name }) => name === "agents");
  const io = ["tokio", "rustix", "libc", "notify", "sqlx", "portable-pty", "axum", "hyper"];
  assert.deepEqual(
    agents.outside.filter((name) => io.includes(name)),
    [],
  );
});

function workspacePackages() {
  const json = execFileSync("cargo", ["metadata", "--no-deps", "--format-version", "1"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(json).packages.map(({ name, dependencies }) => ({
    name: short(name),
    uses: dependencies.filter((d) => d.path).map((d) => ({ name: short(d.name), dev: d.kind === "dev" })),
    outside: dependencies.filter((d) => !d.path && d.kind !== "dev").map((d) => d.name),
  }));
}

function short(name) {
  return name.replace(/^flightboard-/, "");
}
