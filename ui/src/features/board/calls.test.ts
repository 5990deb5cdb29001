import { expect, test } from "vitest";
import type { Card } from "../../bindings";
import { aCard } from "../../data/test-cards";
import { Calls } from "./calls";

const called = (fields: Partial<Card>): Card =>
  aCard(7, { status: "ready", needs_you: true, why: "Needs you: it has failed 3 times", ...fields });

test("a card is told once for each reason, and what was there at first is no news", () => {
  const calls = new Calls();
  expect(calls.newOnes([called({ id: 1 })])).toEqual([]);
  const card = called({});
  expect(calls.newOnes([called({ id: 1 }), card])).toEqual([card]);
  expect(calls.newOnes([card])).toEqual([]);
  expect(calls.newOnes([called({ needs_you: false })])).toEqual([]);
  expect(calls.newOnes([card])).toEqual([]);
  const other = called({ why: "Needs you: its workflow was stopped" });
  expect(calls.newOnes([other])).toEqual([other]);
});

test("an agent's own question at work is shown elsewhere", () => {
  const calls = new Calls();
  calls.newOnes([]);
  expect(calls.newOnes([called({ status: "in_progress" }), called({ trashed: true })])).toEqual([]);
});
