// Reads comma-, semicolon- or tab-separated text into rows. Tolerant by design: an artifact that is
// shown must not be refused for a stray quote, and the last row of a cut file is simply short.

const SEPARATORS = [",", ";", "\t", "|"] as const;

export interface Table {
  rows: string[][];
  columns: number;
}

export function parseCsv(text: string, mostRows: number): Table {
  const separator = guessSeparator(text);
  const rows: string[][] = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  let row: string[] = [];
  while (at < text.length && rows.length < mostRows) {
    const cell = readCell(text, at, separator);
    row.push(cell.value);
    at = cell.end;
    if (text[at] === separator) {
      at += 1;
      if (at === text.length) row.push("");
      continue;
    }
    if (text[at] === "\r" && text[at + 1] === "\n") at += 1;
    at += 1;
    rows.push(row);
    row = [];
  }
  if (row.length > 0 && rows.length < mostRows) rows.push(row);
  return { rows, columns: rows.reduce((most, cells) => Math.max(most, cells.length), 0) };
}

/** The separator that the first line has most of, outside quotes; a comma if there is none. */
function guessSeparator(text: string): string {
  const line = (/^[^\r\n]*/.exec(text)?.[0] ?? "").replace(/"[^"]*"/g, "");
  let best: string = ",";
  let most = 0;
  for (const separator of SEPARATORS) {
    const n = line.split(separator).length - 1;
    if (n > most) {
      most = n;
      best = separator;
    }
  }
  return best;
}

function readCell(text: string, start: number, separator: string): { value: string; end: number } {
  if (text[start] !== '"') {
    const end = endOfPlain(text, start, separator);
    return { value: text.slice(start, end), end };
  }
  let value = "";
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return { value: value + text.slice(at), end: text.length };
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      const end = endOfPlain(text, quote + 1, separator);
      return { value: value + text.slice(quote + 1, end), end };
    }
    value += '"';
    at = quote + 2;
  }
}

function endOfPlain(text: string, start: number, separator: string): number {
  let at = start;
  while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at += 1;
  return at;
}

/** Whether a cell reads as a number, which is set to the right. */
export function isNumeric(cell: string): boolean {
  return /^\s*[-+]?[\d.,\s]*\d\s*%?\s*$/.test(cell);
}
