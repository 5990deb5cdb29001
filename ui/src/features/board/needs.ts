// The cards that need a person, in the order in which the “N need you” button goes through them.
import type { TaskId } from "../../bindings";
import type { Cards } from "../../data/cards";
import { ALL_COLUMNS } from "../../data/order";

export function needingYou(cards: Cards): TaskId[] {
  return ALL_COLUMNS.flatMap((column) => cards.column(column).filter((id) => cards.card(id)?.needs_you));
}

/** The one after `current`; the first if the current card is not among them. */
export function nextNeeding(ids: readonly TaskId[], current: TaskId | null): TaskId | null {
  const at = current === null ? -1 : ids.indexOf(current);
  return ids[(at + 1) % Math.max(ids.length, 1)] ?? null;
}
