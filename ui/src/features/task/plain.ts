// Markdown as one line of plain words, for places that quote a sentence or two of it.

const MARKS: [RegExp, string][] = [
  [/^\s*(```|~~~).*$/gm, ""], // fences; what is between them stays
  [/^\s*([-*_]\s*){3,}$/gm, ""], // rules
  [/^\s*\|?\s*:?-{3,}.*$/gm, ""], // below a table's head
  [/^\s*(#{1,6}|>+|[-*+]|\d+[.)])\s+(\[[ x]\]\s+)?/gm, ""],
  [/!?\[([^\]]*)\]\([^)]*\)/g, "$1"],
  [/`+/g, ""],
  [/(\*\*|__|~~)(\S(?:.*?\S)?)\1/g, "$2"],
  // A single mark counts only around a word: snake_case and 2 * 3 are left as they are.
  [/(?<![\w*])([*_])(\S(?:.*?\S)?)\1(?![\w*])/g, "$2"],
  [/\s*\|\s*/g, " "],
  [/\s+/g, " "],
];

export function plain(markdown: string): string {
  return MARKS.reduce((text, [mark, instead]) => text.replace(mark, instead), markdown).trim();
}
