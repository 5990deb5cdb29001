// How tall a card will be, before it is drawn. Where the guess is right (nearly always) a scrolling
// column lays out each new card once; a wrong guess costs a second layout in the same frame, which a
// window without a GPU does not have the time for. The measured height always has the last word.
import type { Card } from "../../bindings";
import { failureOf, hasLiveRun } from "../../data/words";

/** Pixels that CardFace.module.css gives to each part. */
const FRAME = 18; // borders and padding
const GAP = 6;
const TITLE_LINE = 17.547;
const META = 23;
const LIVE = 21.94;
const WHY_LINE = 16.8;
const ANSWER = 32;
const MOST_LINES = 4;
/** What a column's width loses before the text begins: column padding, borders, card padding. */
export const SIDES = 39;

/** The width of a word in pixels, in the title's or the reason's type. */
export type WordWidth = (word: string, type: "title" | "why") => number;

/** The sentence below the title of a card that no agent works on. */
export function whyOf(card: Card, planned: string | undefined): string | null {
  return (card.status === "ready" && !card.needs_you ? planned : undefined) ?? card.why;
}

export function likelyHeight(
  card: Card,
  textWidth: number,
  widthOf: WordWidth,
  planned: string | undefined = undefined,
): number {
  const live = hasLiveRun(card);
  let height = FRAME + GAP + lines(card.title, "title", textWidth, widthOf) * TITLE_LINE + META;
  if (live || card.needs_you) height += LIVE;
  else {
    const why = whyOf(card, planned);
    if (why) height += 6 + lines(why, "why", textWidth, widthOf) * WHY_LINE;
  }
  if (card.needs_you) height += ANSWER;
  if (showsGain(card)) height += META;
  if (failureOf(card) !== null) height += META;
  return Math.round(height);
}

function showsGain(card: Card): boolean {
  const shown = card.status === "in_progress" || card.status === "review" || card.status === "failed";
  return shown && ((card.changes !== null && card.changes.files > 0) || card.artifacts > 0);
}

function lines(text: string, type: "title" | "why", width: number, widthOf: WordWidth): number {
  const space = widthOf(" ", type);
  let count = 1;
  let used = 0;
  if (width <= 0) return 1;
  for (const word of text.split(/\s+/)) {
    const wide = widthOf(word, type);
    if (used > 0 && used + space + wide > width) {
      count += 1;
      used = 0;
    }
    used += (used > 0 ? space : 0) + wide;
    // A word longer than the line is broken wherever the line ends.
    while (used > width) {
      count += 1;
      used -= width;
    }
  }
  return text.length > 70 ? Math.min(count, MOST_LINES) : count;
}
