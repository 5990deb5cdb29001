// The end of `npm test` names what broke. The transcripts are the runners' own, so that a new version which tells of
// failures in other words is noticed here and not in a log that says nothing.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { newReader, tell } from "../../src-tauri/setup/failures.mjs";

const CARGO = `
running 3 tests
test cards::moves ... ok
test cards::stops ... FAILED
error: this is what some program said meanwhile

failures:

---- cards::stops stdout ----

thread 'cards::stops' (812) panicked at tests/stories/cards.rs:41:5:
assertion \`left == right\` failed
error: and this is what the test printed
  left: 1
 right: 2
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace


failures:
    cards::stops

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.12s

error: test failed, to rerun pass \`-p flightboard-stories --test stories\``;

const RUSTC = `   Compiling flightboard-store v0.1.0
error[E0425]: cannot find value \`x\` in this scope
 --> src/lib.rs:3:5
error: could not compile \`flightboard-store\` (lib) due to 1 previous error`;

const VITEST = `
 ❯ src/data/order.test.ts (4 tests | 1 failed) 9ms
     × puts urgent cards first 4ms

⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  src/data/order.test.ts > puts urgent cards first
AssertionError: expected 1 to be 2 // Object.is equality
 ❯ src/data/order.test.ts:9:13

⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/1]⎯

 Test Files  1 failed (1)
      Tests  1 failed | 3 passed (4)`;

const PLAYWRIGHT = `
  ✘  1 a.test.mjs:3:1 › late now and then (7ms)
  ✓  2 a.test.mjs:3:1 › late now and then (retry #1) (10ms)
  ✘  3 a.test.mjs:4:1 › always wrong (32ms)

  1) a.test.mjs:4:1 › always wrong ─────────────────────────────────────────────────────────

    Error: expect(received).toEqual(expected) // deep equality

    Retry #1 ───────────────────────────────────────────────────────────────────────────────

    Error: said once already

  2) a.test.mjs:3:1 › late now and then ────────────────────────────────────────────────────

    Error: expect(received).toBe(expected) // Object.is equality

  1 failed
    a.test.mjs:4:1 › always wrong ──────────────────────────────────────────────────────────
  1 flaky
    a.test.mjs:3:1 › late now and then ─────────────────────────────────────────────────────
  1 passed (4.7s)`;

function read(runner, transcript) {
  const reader = newReader(runner);
  for (const line of transcript.split("\n")) reader.read(line);
  return reader;
}

const named = (reader) => reader.failures().map(({ name, lines }) => [name, lines.map((line) => line.trim())]);

test("cargo's failed tests, and not what they printed", () => {
  assert.deepEqual(named(read("cargo", CARGO)), [
    [
      "cards::stops",
      [
        "thread 'cards::stops' (812) panicked at tests/stories/cards.rs:41:5:",
        "assertion `left == right` failed",
        "error: and this is what the test printed",
        "left: 1",
        "right: 2",
      ],
    ],
  ]);
});

test("a compiler's error where no test could run", () => {
  const name = "error[E0425]: cannot find value `x` in this scope";
  assert.deepEqual(named(read("cargo", RUSTC)), [[name, ["--> src/lib.rs:3:5"]]]);
});

test("vitest's failed tests", () => {
  const said = ["AssertionError: expected 1 to be 2 // Object.is equality", "❯ src/data/order.test.ts:9:13"];
  assert.deepEqual(named(read("vitest", VITEST)), [["src/data/order.test.ts > puts urgent cards first", said]]);
});

test("Playwright's failed tests, apart from those that passed on retry", () => {
  const reader = read("playwright", PLAYWRIGHT);
  assert.deepEqual(named(reader), [
    ["a.test.mjs:4:1 › always wrong", ["Error: expect(received).toEqual(expected) // deep equality"]],
  ]);
  assert.deepEqual(reader.retried(), ["a.test.mjs:3:1 › late now and then"]);
});

test("node's failed tests, by the installed node", () => {
  const folder = mkdtempSync(join(tmpdir(), "fb-failures-"));
  const file = join(folder, "some.test.mjs");
  writeFileSync(
    file,
    `import { test } from "node:test"; test("fine", () => {}); test("bad (one)", () => { throw new Error("no") });`,
  );
  // A test runner below a test runner would report to the upper one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", file], { encoding: "utf8", env });
  rmSync(folder, { recursive: true });
  const [[name, lines], ...others] = named(read("node", stdout));
  assert.deepEqual([name, lines[0], others], ["bad (one)", "Error: no", []]);
});

test("one failure is told whole, many keep within the lines and end with every name", () => {
  const failure = (i) => ({ name: `test ${i}`, lines: Array.from({ length: 15 }, (_, n) => `line ${n}`) });
  const some = (n) => [{ title: "cargo test", failures: Array.from({ length: n }, (_, i) => failure(i)) }];
  assert.deepEqual(tell([]), []);
  assert.equal(tell(some(1)).length, 16);
  for (const count of [2, 5, 12, 30, 200]) {
    const told = tell(some(count));
    assert.ok(told.length <= 61, `${count} failures in ${told.length} lines`);
    assert.ok(told.includes(`Failed (${count}):`));
    assert.ok(told.at(-1).includes(count > 30 ? "170 more" : `test ${count - 1}`));
  }
});
