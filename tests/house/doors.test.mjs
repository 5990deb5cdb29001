// The doors have no rules of their own. What can be seen of that without compiling is held here: a command of the
// window is one line that calls the operation of its name, so that what it refuses is refused in the operation's words.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../src-tauri/setup/say.mjs";

const COMMANDS = join(ROOT, "src-tauri/src/commands");
// What is no operation: terminals and the window itself.
const NO_OPERATIONS = ["mod.rs", "terminal.rs", "window.rs"];
const COMMAND =
  /#\[tauri::command\]\n#\[specta::specta\]\npub async fn (\w+)\(\s*app: State<'_, App>,\s*request: [\w:]+,?\s*\) -> Result<[^{]+, Problem> \{\n {4}ops::(\w+)\(&app, request\)\.await\n\}\n/g;

/** What is left of a file of commands without those that are one line; the names of those. */
function rest(text) {
  const names = [];
  const left = text.replace(COMMAND, (whole, command, operation) => {
    if (command !== operation) return whole;
    names.push(command);
    return "";
  });
  return { names, left };
}

test("a command of the window is one line that calls the operation of its name", () => {
  const files = readdirSync(COMMANDS).filter((name) => !NO_OPERATIONS.includes(name));
  const found = files.map((name) => ({ name, ...rest(readFileSync(join(COMMANDS, name), "utf8")) }));
  assert.deepEqual(
    found.filter(({ left }) => left.includes("fn ")).map(({ name, left }) => `${name}: ${left}`),
    [],
  );
  assert.ok(found.flatMap(({ names }) => names).length > 100);
});

test("a command with a rule of its own is caught", () => {
  const command = (body) =>
    `#[tauri::command]\n#[specta::specta]\npub async fn add(app: State<'_, App>, request: Add) -> Result<Card, Problem> {\n    ${body}\n}\n`;
  assert.deepEqual(rest(command("ops::add(&app, request).await")), { names: ["add"], left: "" });
  assert.notEqual(rest(command("ops::remove(&app, request).await")).left, "");
  assert.notEqual(rest(command("let request = tidy(request);\n    ops::add(&app, request).await")).left, "");
});
