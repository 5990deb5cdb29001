// Who has come to need a person: told once for each reason, by name, whichever page is open. Questions of
// an agent at work are not among them; its terminal and the button at the top show those.
import { useEffect, useRef } from "react";
import type { Card, TaskId } from "../../bindings";
import type { Cards } from "../../data/cards";

/** Remembers what was told; a card calls when it needs a person for another reason than the last. */
export class Calls {
  private told: Map<TaskId, string> | null = null;

  /** Those that are new. What was so when the board was opened is no news. */
  newOnes(cards: Iterable<Card>): Card[] {
    const first = this.told === null;
    const told = this.told ?? new Map<TaskId, string>();
    const news: Card[] = [];
    for (const card of cards) {
      if (!card.needs_you || card.status === "in_progress" || card.trashed) continue;
      const why = card.why ?? "";
      if (told.get(card.id) === why) continue;
      told.set(card.id, why);
      if (!first) news.push(card);
    }
    this.told = told;
    return news;
  }
}

/** `tell` hears of each card that comes to need a person. */
export function useCalls(cards: Cards, ready: boolean, tell: (card: Card) => void): void {
  const told = useRef(new Calls());
  const say = useRef(tell);
  say.current = tell;
  useEffect(() => {
    if (!ready) return;
    const look = () => {
      for (const card of told.current.newOnes(cards.all())) say.current(card);
    };
    look();
    return cards.listen("counts", look);
  }, [cards, ready]);
}
