import { expect, test } from "vitest";
import type { Card, Run } from "../bindings";
import { aCard, aRun } from "./test-cards";
import { cardWord, hasLiveRun, newestWork, priorityWord } from "./words";

test.each<[string, Partial<Card>, string | undefined, string | undefined]>([
  ["an idea", { status: "inbox" }, undefined, undefined],
  ["a ready card", { status: "ready" }, undefined, undefined],
  ["a held card", { status: "ready", why: "limit resets 14:05" }, "held", "held"],
  ["an agent at work", { status: "in_progress", run: aRun("working") }, "working", "working"],
  ["an agent that waits", { status: "in_progress", run: aRun("waiting"), needs_you: true }, "needs you", "signal"],
  ["a silent agent", { status: "in_progress", run: aRun("unknown") }, "unknown", "unknown"],
  ["an agent at its limit", { status: "in_progress", run: aRun("rate_limited") }, "held", "held"],
  ["a blocked card", { status: "ready", needs_you: true, run: aRun("stopped") }, "needs you", "signal"],
  ["finished work", { status: "review", run: aRun("succeeded") }, "ready", "good"],
  ["failed work", { status: "failed", run: aRun("failed") }, "failed", "bad"],
  ["done", { status: "done", run: aRun("succeeded") }, undefined, undefined],
])("%s says so in a word", (_, fields, word, tone) => {
  const said = cardWord(aCard(1, fields));
  expect([said?.word, said?.tone]).toEqual([word, tone]);
});

test("only runs that have not ended are live", () => {
  const live = (status: Parameters<typeof aRun>[0]) => hasLiveRun(aCard(1, { run: aRun(status) }));
  expect(
    ["queued", "preparing", "working", "waiting", "idle", "rate_limited", "unknown"].every((s) => live(s as "idle")),
  ).toBe(true);
  expect(["succeeded", "failed", "stopped", "lost"].some((s) => live(s as "lost"))).toBe(false);
});

test.each([
  [10, "critical"],
  [9, "critical"],
  [8, "high"],
  [7, "high"],
  [6, "medium"],
  [4, "medium"],
  [3, "low"],
  [1, "low"],
])("priority %i is %s", (level, word) => {
  expect(priorityWord(level)).toBe(word);
});

test("a page is about the newest run that did the work, and about a review only where there is nothing else", () => {
  const run = (id: number, review: number | null) => ({ id, review }) as Run;
  expect(newestWork([run(4, 1), run(3, 0), run(2, null), run(1, null)])?.id).toBe(2);
  expect(newestWork([run(4, 0)])?.id).toBe(4);
  expect(newestWork([])).toBe(null);
});
