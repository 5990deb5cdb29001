// Where a card may go. The engine decides; this mirror only keeps us from offering what it would refuse.
import type { Card, Status as Column } from "../bindings";
import { ALL_COLUMNS } from "./order";

export function mayMove(from: Column, to: Column): boolean {
  // Only a run takes a card in flight, and only a run's failure puts it on the shelf.
  if (from === to || to === "in_progress" || to === "failed") return false;
  return !(to === "review" && (from === "inbox" || from === "cancelled"));
}

export function mayRun(card: Card): boolean {
  return !card.trashed && ["inbox", "ready", "review", "failed"].includes(card.status);
}

export function mayQueue(card: Card): boolean {
  const waits = ["inbox", "ready", "failed", "cancelled"].includes(card.status);
  // One that waits for its person is queued once more to let it go on.
  return !card.trashed && waits && (!isQueued(card) || card.needs_you);
}

/** In the dispatcher's hands and not at work yet. */
export function isQueued(card: Card): boolean {
  return card.queued && card.status === "ready";
}

/** Whether dropping the card there means something: a move, or a run. */
export function mayDrop(card: Card, to: Column): boolean {
  return to === "in_progress" ? mayRun(card) : mayMove(card.status, to);
}

export function movesFrom(card: Card): Column[] {
  return ALL_COLUMNS.filter((to) => mayDrop(card, to));
}
