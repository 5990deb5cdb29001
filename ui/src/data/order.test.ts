import { expect, test } from "vitest";
import type { Status as Column } from "../bindings";
import { compareIn } from "./order";
import { aCard } from "./test-cards";

const ids = (column: Column, ...cards: ReturnType<typeof aCard>[]) =>
  cards.sort(compareIn(column)).map((card) => card.id);

test.each(["inbox", "ready"] as const)("%s shows what is claimed first: priority, due date, age", (column) => {
  const cards = [
    aCard(1, { priority: 5, created_at: 10 }),
    aCard(2, { priority: 5, created_at: 5 }),
    aCard(3, { priority: 5, created_at: 20, due_at: 100 }),
    aCard(4, { priority: 5, created_at: 20, due_at: 50 }),
    aCard(5, { priority: 9, created_at: 99 }),
    aCard(6, { priority: 5, created_at: 5 }),
  ];
  expect(ids(column, ...cards)).toEqual([5, 4, 3, 2, 6, 1]);
});

test.each(["in_progress", "review", "done", "failed", "cancelled"] as const)(
  "%s shows the newest arrival first",
  (column) => {
    expect(
      ids(column, aCard(1, { entered_at: 5, priority: 10 }), aCard(2, { entered_at: 9 }), aCard(3, { entered_at: 7 })),
    ).toEqual([2, 3, 1]);
  },
);
