// What a person most likely wants to do next with a card: the one filled button in the page's head.
// The rest of the moves stay in the menu beside it.
import type { Card, Status as Column } from "../../bindings";
import { mayRun } from "../../data/moves";
import { hasLiveRun } from "../../data/words";

export type NextStep =
  | { kind: "move"; to: Column; label: string }
  /** The person's verdict; the engine says what else must approve. */
  | { kind: "approve"; label: string }
  /** Opens the agent picker. */
  | { kind: "run"; label: string };

export function nextStep(card: Card, moves: readonly Column[]): NextStep | null {
  const step = likelyStep(card);
  if (step === null) return null;
  if (step.kind === "move" && !moves.includes(step.to)) return null;
  if (step.kind === "approve" && !moves.includes("done")) return null;
  return step;
}

function likelyStep(card: Card): NextStep | null {
  switch (card.status) {
    case "inbox":
    case "ready":
      return { kind: "run", label: "Run" };
    case "in_progress":
      return hasLiveRun(card)
        ? { kind: "move", to: "review", label: "To review" }
        : { kind: "move", to: "ready", label: "Back to Ready" };
    case "review":
      return { kind: "approve", label: "Approve → Done" };
    case "failed":
      return { kind: "run", label: "Retry" };
    case "cancelled":
      return { kind: "move", to: "inbox", label: "Back to Inbox" };
    case "done":
      return null;
  }
}

/** What the Run button says, given what has been tried; null where the engine would refuse a run. */
export function runLabel(card: Card): "Run" | "Run again" | null {
  if (!mayRun(card)) return null;
  return card.runs === 0 ? "Run" : "Run again";
}
