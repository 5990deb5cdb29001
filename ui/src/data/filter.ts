// Which cards the board shows: the search box's words and the chosen project. Pure.
import type { Card, ProjectId } from "../bindings";

export interface Filter {
  text: string;
  project: ProjectId | null;
}

export function isEmpty(filter: Filter): boolean {
  return filter.text.trim() === "" && filter.project === null;
}

/** A test for one filter; its words are split once, not once a card. */
export function matcher(filter: Filter): (card: Card) => boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return (card) => {
    if (filter.project !== null && card.project !== filter.project) return false;
    return words.every((word) => hasWord(card, word));
  };
}

function hasWord(card: Card, word: string): boolean {
  if (word.startsWith("#") && word.length > 1) {
    return card.tags.some((tag) => tag.toLowerCase().startsWith(word.slice(1)));
  }
  return String(card.id) === word || card.key.toLowerCase() === word || wordsOf(card).includes(word);
}

/** Lower-case text by card: cards are never changed in place, so each is spelt out once, not once a keystroke. */
const spelt = new WeakMap<Card, string>();

function wordsOf(card: Card): string {
  let words = spelt.get(card);
  if (words === undefined) {
    words = [card.title, ...card.tags, card.run?.agent ?? ""].join("\n").toLowerCase();
    spelt.set(card, words);
  }
  return words;
}
