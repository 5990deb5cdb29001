import { expect, test } from "vitest";
import { doneWords, stepsOf } from "./words";

test.each([
  [{ added: 0, changed: 0, told: 0, refused: 0 }, null],
  [{ added: 1, changed: 0, told: 2, refused: 0 }, "1 card added, 2 issues changed"],
  [{ added: 0, changed: 3, told: 0, refused: 1 }, "3 cards changed, 1 change refused"],
])("%j", (sync, words) => {
  expect(doneWords(sync)).toBe(words);
});

test("each side's news is said in its own words", () => {
  const nothing = { title: null, labels: null, state: null };
  const cards = [
    { ...nothing, number: 7, task: null, title: "Slow" },
    { ...nothing, number: 8, task: 3, labels: ["bug", "ui"], state: "completed" as const },
  ];
  const edits = [{ ...nothing, number: 9, title: "Docs", labels: [], state: "not_planned" as const }];
  expect(stepsOf({ cards, edits })).toEqual({
    here: [
      { number: 7, text: "new card: Slow" },
      { number: 8, text: "T-3: labels bug, ui; move to Done" },
    ],
    there: [{ number: 9, text: "title “Docs”; no labels; close as not planned" }],
  });
});
