// One window for a person, one engine for a data directory: what a second start does.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { program } from "../../src-tauri/setup/build.mjs";
import { story } from "./harness.mjs";

const WINDOW = "^Flightboard$";
const CANNOT_START = "^Flightboard cannot start$";
const FROM_THE_FUTURE = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99990101000000, 'later', 1, x'00', 0)")
`;

const x = (...args) => execFileSync("xdotool", args, { encoding: "utf8", timeout: 20_000 }).trim();

story("a second start brings the first window to the front and ends well", async (desk) => {
  const window = await desk.open();
  // Out of sight, as far as it goes without a window manager.
  x("windowunmap", "--sync", x("search", "--onlyvisible", "--name", WINDOW));
  assert.throws(() => x("search", "--onlyvisible", "--name", WINDOW));
  const second = desk.start(program("flightboard-desktop"));
  assert.deepEqual(await once(second, "exit"), [0, null]);
  x("search", "--sync", "--onlyvisible", "--name", WINDOW);
  // The first one is as alive as before.
  await window.role("heading", "Cards that agents work on");
});

story("a window whose data directory is held says by whom, and ends", async (desk) => {
  const server = desk.start(program("flightboard"), "serve", "--port", "0");
  await once(createInterface({ input: server.stdout }), "line");

  const refused = desk.start(program("flightboard-desktop"));
  const ended = once(refused, "exit");
  const dialog = x("search", "--sync", "--onlyvisible", "--name", CANNOT_START);
  await desk.logged(new RegExp(`process ${server.pid}`));
  x("windowfocus", "--sync", dialog, "key", "Return");
  assert.deepEqual(await ended, [1, null]);

  assert.equal(server.exitCode, null);
  await desk.flightboard("add", "The holder still works");
});

story("a database from a newer version is left alone, and the window says so", async (desk) => {
  await desk.flightboard("add", "Kept");
  const file = join(desk.data, "flightboard.db");
  execFileSync("python3", ["-c", FROM_THE_FUTURE, file]);

  const refused = desk.start(program("flightboard-desktop"));
  const ended = once(refused, "exit");
  const dialog = x("search", "--sync", "--onlyvisible", "--name", CANNOT_START);
  await desk.logged(/written by a newer Flightboard.*update Flightboard/);
  x("windowfocus", "--sync", dialog, "key", "Return");
  assert.deepEqual(await ended, [1, null]);
});
