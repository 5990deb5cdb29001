// The board's small rules: what is lifted, which card needs you next, due dates, keys to actions.
import { expect, test } from "vitest";
import { aCard, aRun } from "../../data/test-cards";
import { actionForKey, CARD_ACTIONS, labelOf } from "./actions";
import { columnId, columnOf, lifted } from "./drag";
import { dueWord } from "./due";
import { nextNeeding } from "./needs";

test("chosen cards move together, but a card outside the choice moves alone", () => {
  expect(lifted(1, new Set([1, 2]))).toEqual([1, 2]);
  expect(lifted(3, new Set([1, 2]))).toEqual([3]);
  expect(lifted(3, new Set())).toEqual([3]);
});

test("a column is known by its drop area, and nothing else is", () => {
  expect(columnOf(columnId("review"))).toBe("review");
  expect(columnOf("column:nowhere")).toBeNull();
  expect(columnOf(7)).toBeNull();
  expect(columnOf(undefined)).toBeNull();
});

test("the button goes round through the cards that need you", () => {
  expect(nextNeeding([], null)).toBeNull();
  expect(nextNeeding([4, 5], null)).toBe(4);
  expect(nextNeeding([4, 5], 4)).toBe(5);
  expect(nextNeeding([4, 5], 5)).toBe(4);
  expect(nextNeeding([4, 5], 99)).toBe(4);
});

const noon = new Date(2026, 10, 20, 12).getTime();
test.each([
  [new Date(2026, 10, 20, 23), "due today", false],
  [new Date(2026, 10, 20, 1), "due today", false],
  [new Date(2026, 10, 21, 1), "due tomorrow", false],
  [new Date(2026, 10, 24, 9), "due Tue", false],
  [new Date(2026, 11, 30), "due 30 Dec", false],
  [new Date(2026, 10, 19, 23), "due yesterday", true],
  [new Date(2026, 10, 10), "10 d late", true],
])("%s is %s", (date, text, late) => {
  expect(dueWord(date.getTime(), noon)).toEqual({ text, late });
});

const ready = aCard(1, { status: "ready" });
const flying = aCard(2, { status: "in_progress", run: aRun("working") });

test.each([
  ["r", [ready], "run"],
  ["R", [ready], "run"],
  ["r", [flying], undefined],
  ["r", [ready, flying], undefined],
  ["s", [flying], "stop"],
  ["s", [ready], undefined],
  ["m", [ready, flying], "move"],
  ["Enter", [ready], "open"],
  ["Enter", [ready, flying], undefined],
  ["Delete", [flying], "trash"],
  ["y", [ready], undefined],
  ["m", [], undefined],
])("the key %s on %j means %s", (key, cards, id) => {
  expect(actionForKey(key, cards)?.id).toBe(id);
});

test("no two actions share a key", () => {
  const keys = CARD_ACTIONS.flatMap((action) => action.keys ?? []);
  expect(new Set(keys).size).toBe(keys.length);
});

const queued = aCard(3, { status: "ready", queued: true });
const failed = aCard(4, { status: "failed", run: aRun("failed", { cause: "timeout" }), runs: 2 });

test.each([
  ["q", [ready], "queue"],
  ["q", [ready, queued], "queue"],
  ["q", [queued], undefined],
  ["u", [queued], "unqueue"],
  ["u", [ready, queued], undefined],
  ["q", [failed], "queue"],
  ["q", [flying], undefined],
  ["p", [failed], "replay"],
  ["p", [failed, ready], undefined],
])("%s means %j", (key, cards, action) => {
  expect(actionForKey(key, cards)?.id).toBe(action);
});

test("deleting a card from the shelf is called what it is", () => {
  const trash = CARD_ACTIONS.find((action) => action.id === "trash");
  expect(trash && [labelOf(trash, [failed]), labelOf(trash, [failed, ready])]).toEqual(["Discard", "Delete"]);
});
