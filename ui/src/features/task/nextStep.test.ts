import { describe, expect, it } from "vitest";
import type { Card, Status as Column, RunStatus } from "../../bindings";
import { nextStep, runLabel } from "./nextStep";

const ALL: Column[] = ["inbox", "ready", "in_progress", "review", "done", "failed", "cancelled"];

function card(status: Column, run: RunStatus | null = null): Card {
  const newest = run && { id: 1, agent: "demo", status: run, started_at: 1, ended_at: null, last_line: null };
  return {
    id: 1,
    key: "T-1",
    title: "t",
    status,
    priority: 5,
    project: null,
    tags: [],
    due_at: null,
    assignee: null,
    created_at: 0,
    entered_at: 0,
    run: newest,
    runs: run ? 1 : 0,
    artifacts: 0,
    changes: null,
    why: null,
    needs_you: false,
    trashed: false,
  };
}

describe("the next step", () => {
  it.each([
    ["inbox", null, "Run"],
    ["ready", null, "Run"],
    ["in_progress", "working", "To review"],
    ["in_progress", "lost", "Back to Ready"],
    ["review", "succeeded", "Approve → Done"],
    ["failed", "failed", "Retry"],
    ["cancelled", null, "Back to Inbox"],
  ] as const)("of a card in %s with a run that is %s is %s", (status, run, label) => {
    expect(nextStep(card(status, run), ALL)?.label).toBe(label);
  });

  it("of a done card is nothing", () => {
    expect(nextStep(card("done", "succeeded"), ALL)).toBeNull();
  });

  it("is never a move that the engine would refuse", () => {
    expect(nextStep(card("review", "succeeded"), ["inbox"])).toBeNull();
  });

  it("to run is not offered while an agent is on it, nor once the card is done", () => {
    expect(runLabel(card("done", "succeeded"))).toBeNull();
    expect(runLabel(card("in_progress", "waiting"))).toBeNull();
    expect(runLabel(card("review", "succeeded"))).toBe("Run again");
    expect(runLabel(card("ready"))).toBe("Run");
  });
});
