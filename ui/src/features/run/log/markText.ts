// Cuts a line into what was searched for and the rest, without regard to case.
export interface Piece {
  text: string;
  hit: boolean;
}

export function markText(text: string, find: string): Piece[] {
  if (find === "") return [{ text, hit: false }];
  const haystack = text.toLowerCase();
  const needle = find.toLowerCase();
  // A few letters change length in lower case; positions would be off, so such lines stay unmarked.
  if (haystack.length !== text.length || needle.length !== find.length) return [{ text, hit: false }];
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, from)) {
    if (at > from) pieces.push({ text: text.slice(from, at), hit: false });
    from = at + needle.length;
    pieces.push({ text: text.slice(at, from), hit: true });
  }
  if (from < text.length || pieces.length === 0) pieces.push({ text: text.slice(from), hit: false });
  return pieces;
}
