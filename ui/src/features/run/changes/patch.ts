// Reads one file's unified diff into rows for the diff view. It must cope with a patch that was cut
// in the middle of a hunk (the server caps it), which is why no library's strict parser is used.

export type Row =
  | { kind: "hunk"; text: string }
  | { kind: "same" | "add" | "del"; text: string; before: number | null; after: number | null; pair?: number }
  | { kind: "note"; text: string };

export interface Patch {
  rows: Row[];
  binary: boolean;
  /** Longest line in characters, for the width of the scroller. */
  longest: number;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;
const BINARY = /^(Binary files .* differ|GIT binary patch)$/;

/** Lines longer than this are shown cut: a minified file must not stall the page. */
const LONGEST = 2_000;

export function parsePatch(patch: string): Patch {
  const rows: Row[] = [];
  let before = 0;
  let after = 0;
  let inHunk = false;
  let binary = false;
  let longest = 0;
  const lines = patch.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines) {
    const hunk = HUNK.exec(line);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      inHunk = true;
      rows.push({ kind: "hunk", text: line });
      continue;
    }
    if (!inHunk) {
      if (BINARY.test(line)) binary = true;
      continue;
    }
    const text = shorten(line.slice(1));
    longest = Math.max(longest, text.length);
    switch (line[0]) {
      case "+":
        rows.push({ kind: "add", text, before: null, after: after++ });
        break;
      case "-":
        rows.push({ kind: "del", text, before: before++, after: null });
        break;
      case "\\":
        rows.push({ kind: "note", text: "no newline at the end of the file" });
        break;
      case "d": // the next file's "diff --git": only one file is shown, its header ends the hunk
        inHunk = false;
        break;
      default:
        rows.push({ kind: "same", text, before: before++, after: after++ });
    }
  }
  pairChanges(rows);
  return { rows, binary, longest };
}

function shorten(text: string): string {
  const shown = text.endsWith("\r") ? `${text.slice(0, -1)}␍` : text;
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)} … ${shown.length - LONGEST} more` : shown;
}

/** In a run of removed lines followed by as many added ones, the n-th belongs to the n-th. */
function pairChanges(rows: Row[]): void {
  let at = 0;
  while (at < rows.length) {
    const removed = runOf(rows, at, "del");
    const added = runOf(rows, at + removed, "add");
    if (removed > 0 && removed === added) {
      for (let i = 0; i < removed; i++) {
        const del = rows[at + i];
        const add = rows[at + removed + i];
        if (del?.kind === "del" && add?.kind === "add") {
          del.pair = at + removed + i;
          add.pair = at + i;
        }
      }
    }
    at += Math.max(1, removed + added);
  }
}

function runOf(rows: Row[], from: number, kind: Row["kind"]): number {
  let n = 0;
  while (rows[from + n]?.kind === kind) n++;
  return n;
}

export interface Span {
  start: number;
  end: number;
}

/** The parts in which two versions of a line differ; null where marking them would mark nearly everything. */
export function changedSpans(text: string, other: string): [Span | null, Span | null] | null {
  const most = Math.min(text.length, other.length);
  let start = 0;
  while (start < most && text[start] === other[start]) start++;
  let tail = 0;
  while (tail < most - start && text[text.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  const spans = [text, other].map((line) => ({ start, end: line.length - tail }));
  const [mine, theirs] = spans;
  if (!mine || !theirs || mostOf(text, mine) || mostOf(other, theirs)) return null;
  return [notEmpty(mine), notEmpty(theirs)];
}

/** Indentation is common by nature and says nothing about likeness. */
function mostOf(line: string, span: Span): boolean {
  return span.end - span.start > line.trim().length * 0.6;
}

function notEmpty(span: Span): Span | null {
  return span.end > span.start ? span : null;
}
