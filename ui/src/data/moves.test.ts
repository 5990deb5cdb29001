import { expect, test } from "vitest";
import { mayDrop, movesFrom } from "./moves";
import { aCard } from "./test-cards";

test.each([
  ["inbox", ["ready", "in_progress", "done", "cancelled"]],
  ["ready", ["inbox", "in_progress", "review", "done", "cancelled"]],
  ["in_progress", ["inbox", "ready", "review", "done", "cancelled"]],
  ["review", ["inbox", "ready", "in_progress", "done", "cancelled"]],
  ["done", ["inbox", "ready", "review", "cancelled"]],
  ["failed", ["inbox", "ready", "in_progress", "review", "done", "cancelled"]],
  ["cancelled", ["inbox", "ready", "done"]],
] as const)("from %s a card may go to %j", (status, columns) => {
  expect(movesFrom(aCard(1, { status })).sort()).toEqual([...columns].sort());
});

test("a card in the trash starts no agent", () => {
  expect(mayDrop(aCard(1, { status: "ready", trashed: true }), "in_progress")).toBe(false);
});
