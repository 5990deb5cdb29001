// Puts a card's history under the days on which it happened, comments among the engine's own
// sentences, and names the actors as a person would.
import type { Comment, RunId, TimelineEntry } from "../../bindings";

export type Moment =
  | { kind: "event"; id: string; at: number; actor: string; text: string; run: RunId | null; event: string }
  | { kind: "comment"; id: string; at: number; actor: string; body: string; answers: string | null };

export interface Day {
  /** Local date as YYYY-MM-DD, which is also its key. */
  date: string;
  moments: Moment[];
}

/** Oldest first. The log's own note of a comment or a question is left out, since the comment itself is shown. */
export function moments(entries: readonly TimelineEntry[], comments: readonly Comment[]): Moment[] {
  const events: Moment[] = entries
    .filter((entry) => !isCommentNote(entry) || comments.length === 0)
    .map((entry) => ({
      kind: "event",
      id: `e${entry.seq}`,
      at: entry.at,
      actor: actorName(entry.actor),
      text: entry.text,
      run: entry.run,
      event: entry.kind,
    }));
  const authors = new Map(comments.map((comment) => [comment.id, actorName(comment.author)]));
  const said: Moment[] = comments.map((comment) => ({
    kind: "comment",
    id: `c${comment.id}`,
    at: comment.at,
    actor: actorName(comment.author),
    body: comment.body,
    // Whom, for it stands where it was said and not below what it answers.
    answers: comment.parent === null ? null : (authors.get(comment.parent) ?? null),
  }));
  return [...events, ...said].sort((a, b) => a.at - b.at);
}

function isCommentNote(entry: TimelineEntry): boolean {
  return ["task.commented", "run.asked"].includes(entry.kind) || entry.kind.startsWith("comment.");
}

export function byDay(all: readonly Moment[]): Day[] {
  const days: Day[] = [];
  for (const moment of all) {
    const date = localDate(moment.at);
    const last = days.at(-1);
    if (last?.date === date) last.moments.push(moment);
    else days.push({ date, moments: [moment] });
  }
  return days;
}

export function localDate(at: number): string {
  const day = new Date(at);
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

export function clock(at: number): string {
  const day = new Date(at);
  return `${two(day.getHours())}:${two(day.getMinutes())}`;
}

/** “Today”, “Yesterday”, else the date with its weekday. */
export function dayName(date: string, now: number): string {
  if (date === localDate(now)) return "Today";
  if (date === localDate(now - 86_400_000)) return "Yesterday";
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const noon = new Date(year, month - 1, day, 12);
  return `${WEEKDAY.format(noon)} ${DATE.format(noon)}`;
}

// Two formats: where one puts its comma depends on the browser's version.
const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

export function actorName(actor: string): string {
  return actor.startsWith("agent:") ? actor.slice("agent:".length) : actor;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
