// The guess of likelyHeight with the page's own type: words are measured once each on a canvas, cards
// once for each width.
import { useCallback, useRef } from "react";
import type { Card, TaskId } from "../../bindings";
import { useCards } from "../../data/queries";
import { likelyHeight, SIDES, type WordWidth } from "./height";

/** Where text cannot be measured (a test without a page), this many pixels a character. */
const PER_CHARACTER = 6.8;
const UNKNOWN = 84;

interface Guess {
  height: number;
  planned: string | undefined;
}

export function useLikelyHeight(ids: readonly TaskId[]): {
  heightAt(at: number, columnWidth: number): number;
} {
  const cards = useCards();
  const known = useRef<{ width: number; heights: WeakMap<Card, Guess> }>({ width: 0, heights: new WeakMap() });
  const heightAt = useCallback(
    (at: number, columnWidth: number) => {
      const card = cards.card(ids[at] ?? -1);
      // Nothing is known of a column that is not on the screen yet.
      if (!card || columnWidth <= SIDES) return UNKNOWN;
      if (known.current.width !== columnWidth) known.current = { width: columnWidth, heights: new WeakMap() };
      const { heights } = known.current;
      const planned = cards.plannedOf(card.id);
      const before = heights.get(card);
      if (before !== undefined && before.planned === planned) return before.height;
      const height = likelyHeight(card, columnWidth - SIDES, widthOfWord, planned);
      heights.set(card, { height, planned });
      return height;
    },
    [cards, ids],
  );
  return { heightAt };
}

const widths = { title: new Map<string, number>(), why: new Map<string, number>() };
let ruler: CanvasRenderingContext2D | null | undefined;

const widthOfWord: WordWidth = (word, type) => {
  const seen = widths[type].get(word);
  if (seen !== undefined) return seen;
  const width = measure(word, type);
  widths[type].set(word, width);
  return width;
};

function measure(word: string, type: "title" | "why"): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return word.length * PER_CHARACTER;
  const style = getComputedStyle(document.documentElement);
  const family = style.getPropertyValue("--font-ui");
  ruler.font = type === "title" ? `500 13px ${family}` : `400 12px ${family}`;
  return ruler.measureText(word).width;
}
