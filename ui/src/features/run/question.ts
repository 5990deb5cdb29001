// What an agent asks of a person, taken apart: its words, and the answers that it offers. The engine writes the
// offers as a list at the very end.

export interface Asked {
  /** Markdown. */
  words: string;
  offers: string[];
}

const OFFERS = /\n\n((?:- [^\n]+(?:\n|$))+)$/;

export function askedOf(text: string): Asked {
  const found = OFFERS.exec(text);
  if (!found?.[1]) return { words: text, offers: [] };
  const offers = found[1].trimEnd().split("\n");
  return { words: text.slice(0, found.index), offers: offers.map((line) => line.slice(2).trim()) };
}
