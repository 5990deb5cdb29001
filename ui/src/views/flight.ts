// How many agents are at work, from the cards: on a card's task, or on its review.
import type { Cards } from "../data/cards";
import { hasLiveRun } from "../data/words";

export function inFlightOf(cards: Cards): number {
  let count = 0;
  for (const column of ["in_progress", "review"] as const) {
    for (const id of cards.column(column)) {
      const card = cards.card(id);
      if (card && hasLiveRun(card)) count += 1;
    }
  }
  return count;
}
