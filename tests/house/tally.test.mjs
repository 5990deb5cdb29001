// The summary of `npm test` repeats what the runners said; a line misread would hide a failure.

import assert from "node:assert/strict";
import { test } from "node:test";
import { newTally, TALLIES } from "../../src-tauri/setup/tally.mjs";

const CASES = [
  ["cargo", ["test result: ok. 12 passed; 0 failed; 1 ignored", "test result: FAILED. 3 passed; 2 failed;"], 15, 2],
  ["vitest", [" Test Files  1 failed | 3 passed (4)", "      Tests  1 failed | 10 passed (11)"], 10, 1],
  ["vitest", ["      Tests  10 passed (10)"], 10, 0],
  ["playwright", ["  1 failed", "    a.test.mjs:3:1 › one failed ───", "  12 passed (3.2s)"], 12, 1],
  ["node", ["ℹ tests 5", "ℹ pass 3", "ℹ fail 2"], 3, 2],
];

for (const [runner, lines, passed, failed] of CASES) {
  test(`${runner}: ${lines.at(-1).trim()}`, () => {
    const tally = newTally();
    for (const line of lines) TALLIES[runner](line, tally);
    assert.deepEqual(tally, { passed, failed });
  });
}
