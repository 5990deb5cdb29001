// What the program hands to other programs of the terminal: completion scripts load in the real shells and complete a
// command there, and `man` shows each manual page without a warning.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { program } from "../../src-tauri/setup/build.mjs";

const PROGRAM = program("flightboard");
const folder = mkdtempSync(join(tmpdir(), "flightboard-shells-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const ENV = { PATH: `${dirname(PROGRAM)}:${process.env.PATH}`, HOME: folder, LANG: "C.UTF-8", TERM: "dumb" };

function ran(program, ...args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", env: ENV, cwd: folder });
  assert.equal(error, undefined, `${program}: ${error}`);
  return { status, stdout, stderr };
}

/** Writes the script for a shell under a name; its path. */
function script(shell, name) {
  const { status, stdout, stderr } = ran(PROGRAM, "completions", shell);
  assert.deepEqual([status, stderr], [0, ""]);
  const path = join(folder, name);
  writeFileSync(path, stdout);
  return path;
}

test("bash completes a command", () => {
  const path = script("bash", "flightboard.bash");
  const lines = `source ${path}; COMP_WORDS=(flightboard exe); COMP_CWORD=1;
    _flightboard flightboard exe flightboard; printf '%s\\n' "\${COMPREPLY[@]}"`;
  assert.deepEqual(ran("bash", "--norc", "-c", lines), { status: 0, stdout: "exec\nexec-next\n", stderr: "" });
});

test("zsh completes a command", () => {
  script("zsh", "_flightboard");
  // A shell in a terminal of its own, since only an interactive one completes.
  const lines = `zmodload zsh/zpty; zpty shell zsh -f -i
    zpty -w shell "fpath=(${folder} \\$fpath); autoload -Uz compinit; compinit -u -D; PS1=ready; print begun"
    zpty -r shell seen '*begun*ready*'
    zpty -n -w shell $'flightboard exec-ne\\t'
    zpty -r shell seen '*exec-next *' && print completed; zpty -d shell`;
  const { stdout, stderr } = ran("timeout", "60", "zsh", "-f", "-c", lines);
  assert.match(stdout, /completed/, stderr);
});

test("fish completes a command", () => {
  const path = script("fish", "flightboard.fish");
  const { status, stdout, stderr } = ran("fish", "--no-config", "-c", `source ${path}; complete -C 'flightboard exe'`);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.deepEqual(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t")[0])
      .sort(),
    ["exec", "exec-next"],
  );
});

test("man shows each page without a warning", () => {
  const pages = join(folder, "man");
  assert.equal(ran(PROGRAM, "man", "--out", pages).status, 0);
  const names = readdirSync(pages);
  assert.ok(names.length > 80, `${names.length} pages`);
  const warned = names
    .map((name) => ({ name, ...ran("man", "--warnings=w", "-E", "UTF-8", "-l", join(pages, name)) }))
    .filter(({ status, stdout, stderr }) => status !== 0 || stderr !== "" || !stdout.includes("NAME"));
  assert.deepEqual(
    warned.map(({ name, stderr }) => `${name}: ${stderr}`),
    [],
  );
});
