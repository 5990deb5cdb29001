import { expect, test } from "vitest";
import { type Arrow, neighbour } from "./neighbours";

const columns = [[1, 2, 3], [], [4], [5, 6]];

test.each<[number | null, Arrow, number | null]>([
  [1, "down", 2],
  [3, "down", null],
  [1, "up", null],
  [3, "up", 2],
  [3, "right", 4],
  [4, "right", 5],
  [6, "right", null],
  [4, "left", 1],
  [6, "left", 4],
  [1, "left", null],
  [2, "first", 1],
  [2, "last", 3],
  [null, "down", 1],
  [99, "left", 1],
])("from %s %s leads to %s", (from, arrow, to) => {
  expect(neighbour(columns, from, arrow)).toBe(to);
});

test("an empty board leads nowhere", () => {
  expect(neighbour([[], []], null, "down")).toBeNull();
});
