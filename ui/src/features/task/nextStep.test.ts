import { describe, expect, it } from "vitest";
import type { Card, Status as Column, RunStatus } from "../../bindings";
import { aCard, aRun } from "../../data/test-cards";
import { nextStep, runLabel } from "./nextStep";

const ALL: Column[] = ["inbox", "ready", "in_progress", "review", "done", "failed", "cancelled"];

function card(status: Column, run: RunStatus | null = null): Card {
  return aCard(1, { status, run: run && aRun(run), runs: run ? 1 : 0 });
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
