// The top level stays what a newcomer expects: the rooms of ARCHITECTURE.md and what every repository has. A new
// entry is a decision, made by adding it here.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../src-tauri/setup/say.mjs";

const ROOMS = ["src-tauri", "ui", "tests", "icons"];
const FILES = [
  "Cargo.toml",
  "Cargo.lock",
  "package.json",
  "package-lock.json",
  "rust-toolchain.toml",
  "rustfmt.toml",
  "biome.json",
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "LICENSE-MIT",
  "LICENSE-APACHE",
];

function strangers(entries) {
  return entries.filter((name) => !name.startsWith(".") && !ROOMS.includes(name) && !FILES.includes(name));
}

test("the top level holds the agreed entries only", () => {
  assert.deepEqual(strangers(topLevel()), []);
  for (const room of ROOMS) assert.ok(topLevel().includes(room), `${room}/ is missing`);
});

test("a stray folder at the top is caught, a dotfile is not", () => {
  assert.deepEqual(strangers(["scripts", ".ci", "ui", "Cargo.toml"]), ["scripts"]);
});

test("every source file opens with its reason", () => {
  const silent = tracked(["*.rs", "*.mjs", "*.py"]).filter((file) => !saysWhy(readFileSync(join(ROOT, file), "utf8")));
  assert.deepEqual(silent, []);
});

test("a file without an opening reason is caught", () => {
  assert.equal(saysWhy("use std::io;\n"), false);
  assert.equal(saysWhy("//! The store's clock.\n"), true);
  assert.equal(saysWhy('#!/usr/bin/env python3\n"""A model that follows a script."""\n'), true);
});

// A comment or docstring must be the first thing after a shebang or an inner attribute.
function saysWhy(text) {
  const first = text.split("\n").find((line) => line.trim() && !line.startsWith("#!"));
  return first === undefined || /^(\/\/|\/\*|#\s|"""|@generated)/.test(first);
}

function topLevel() {
  const entries = tracked([]).map((file) => file.split("/")[0]);
  return [...new Set(entries)];
}

// Files that git tracks or would track: what is ignored (target/, node_modules/) is nobody's business.
function tracked(patterns) {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...patterns];
  const listed = execFileSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const removed = execFileSync("git", ["ls-files", "-z", "--deleted"], { cwd: ROOT, encoding: "utf8" }).split("\0");
  return listed.split("\0").filter((file) => file && !removed.includes(file));
}
