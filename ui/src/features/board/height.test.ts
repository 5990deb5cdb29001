import { expect, test } from "vitest";
import type { Card } from "../../bindings";
import { aCard, aRun } from "../../data/test-cards";
import { likelyHeight } from "./height";

/** Ten pixels a character, so that lines can be counted by eye. */
const tenEach = (word: string) => word.length * 10;
const height = (fields: Partial<Card>, width = 100) => likelyHeight(aCard(1, fields), width, tenEach);
const ONE_LINE = 65;

test.each<[string, Partial<Card>, number]>([
  ["one line", { title: "short" }, ONE_LINE],
  ["words that just fit", { title: "four fives" }, ONE_LINE],
  ["one more character wraps", { title: "four fivess" }, ONE_LINE + 17],
  ["a word longer than two lines", { title: "x".repeat(25) }, ONE_LINE + 35],
  ["a long title stops at four lines", { title: "word ".repeat(40) }, ONE_LINE + 52],
  ["a live agent's line", { status: "in_progress", run: aRun("working") }, ONE_LINE + 21],
  ["a reason", { status: "ready", why: "held" }, ONE_LINE + 22],
  ["an answer to give", { status: "in_progress", run: aRun("waiting"), needs_you: true }, ONE_LINE + 53],
  ["changes", { status: "review", changes: { files: 1, added: 1, removed: 0 } }, ONE_LINE + 23],
  ["no changes take no line", { status: "review", changes: { files: 0, added: 0, removed: 0 } }, ONE_LINE],
  ["artifacts of a finished card stand in its last line", { status: "done", artifacts: 2 }, ONE_LINE],
])("%s", (_, fields, pixels) => {
  expect(height(fields)).toBeGreaterThanOrEqual(pixels - 1);
  expect(height(fields)).toBeLessThanOrEqual(pixels + 1);
});

test("a column without width is no reason to hang", () => {
  expect(height({ title: "anything at all" }, 0)).toBe(ONE_LINE);
});
