// The pages that lead a newcomer name what is there: README's table of places, the rooms, tables and decisions that
// ARCHITECTURE.md and the list of decisions tell of. What moved or was added without them is found here.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../src-tauri/setup/say.mjs";

const CRATES = "src-tauri/crates";
const DECISIONS = "src-tauri/docs/decisions";
// Of the engine's files those that are no room for a verb: its outside, its errors and events, its values.
const NO_ROOMS = ["lib", "engine", "error", "events", "run_plan"];

test("README's table of places names paths that are there", () => {
  const table = read("README.md").split("## I want to change…")[1].split("\n[")[0];
  const rows = table.split("\n").filter((line) => line.startsWith("| ") && line.includes("`"));
  assert.notEqual(rows.length, 0);
  assert.deepEqual(
    rows.flatMap((row) => missing(row.split("|")[2])),
    [],
  );
});

test("a place that moved is caught", () => {
  assert.deepEqual(missing("`src-tauri/crates/engine/src/launcher.rs`, `gone.rs`; then `npm run bindings`"), [
    "gone.rs",
  ]);
});

test("ARCHITECTURE.md names the engine's rooms", () => {
  const rooms = /Inside `engine`, a room for each verb: (.*)/.exec(read("ARCHITECTURE.md"))[1];
  const named = [...rooms.matchAll(/`(\w+)`/g)].map(([, room]) => room).sort();
  const files = readdirSync(join(ROOT, CRATES, "engine/src")).filter((name) => name.endsWith(".rs"));
  const there = files.map((name) => name.slice(0, -3)).filter((name) => !NO_ROOMS.includes(name));
  assert.deepEqual(named, there.sort());
});

test("ARCHITECTURE.md names the tables", () => {
  const migrations = readdirSync(join(ROOT, CRATES, "store/migrations"));
  const text = migrations.map((name) => read(`${CRATES}/store/migrations/${name}`)).join("\n");
  const made = [...text.matchAll(/CREATE TABLE (\w+)/g)].map(([, table]) => table);
  const page = read("ARCHITECTURE.md");
  assert.deepEqual(
    made.filter((table) => !page.includes(`\`${table}\``)),
    [],
  );
});

test("the list of decisions holds each once, in order", () => {
  const listed = [...read(`${DECISIONS}/README.md`).matchAll(/^\| \[\d{4}\]\((.*?)\)/gm)].map(([, file]) => file);
  const there = readdirSync(join(ROOT, DECISIONS)).filter((name) => /^\d{4}-/.test(name));
  assert.deepEqual(listed, there.sort());
});

test("the page of readers names tests that are there", () => {
  const page = read("src-tauri/docs/parsers.md");
  assert.ok(page.split("\n").filter((line) => line.startsWith("| ")).length > 25);
  assert.deepEqual(missingTests(page), []);
});

test("a test of a reader that is gone is caught", () => {
  const named = "`domain/tests/noise.rs` `no_such_test`; `gone.rs` `any`; `cli/src/noise.rs`";
  assert.deepEqual(missingTests(named), ["domain/tests/noise.rs no_such_test", "gone.rs any"]);
});

/** Files below the crates, each with the test that follows it. */
function missingTests(text) {
  const named = [...text.matchAll(/`([\w./-]+\.rs)`(?: `(\w+)`)?/g)];
  const there = (file, name) => {
    const path = join(ROOT, CRATES, file);
    if (!existsSync(path)) return false;
    return name === undefined || new RegExp(`fn ${name}\\(`).test(readFileSync(path, "utf8"));
  };
  return named.filter(([, file, name]) => !there(file, name)).map(([, file, name]) => `${file} ${name ?? ""}`.trim());
}

/** What is in backticks and no command: a path from the root, or one that goes on where the one before it was. */
function missing(cell) {
  let last = "";
  return [...cell.matchAll(/`([^`]+)`/g)]
    .map(([, said]) => said.replace(/<.*/, ""))
    .filter((said) => !said.includes(" "))
    .filter((said) => {
      const places = [said, `src-tauri/${said}`, `ui/src/${said}`, join(dirname(last), said), join(last, said)];
      const found = places.find((place) => existsSync(join(ROOT, place)));
      last = found ?? last;
      return found === undefined;
    });
}

function read(path) {
  return readFileSync(join(ROOT, path), "utf8");
}
