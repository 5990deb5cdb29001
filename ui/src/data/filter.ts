// Which cards the board shows: the search box's words, the chosen project, and what the filter bar adds. Pure.
// The engine filters by the same rules for its other doors; both are held to one table of cases.
import type { Card, DueIn, ProjectId, Filter as Rule } from "../bindings";

export interface Filter {
  text: string;
  project: ProjectId | null;
  /** All of them. */
  tags?: readonly string[];
  /** Assigned to it, or its newest run is this agent's. */
  agent?: string | null;
  /** At least as urgent. */
  priority?: number | null;
  due?: DueIn | null;
}

/** Now, and when this day ends here. Milliseconds. */
export interface Today {
  now: number;
  ends: number;
}

const DAY_MS = 86_400_000;

export function today(now = Date.now()): Today {
  const date = new Date(now);
  return { now, ends: new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime() };
}

export function isEmpty(filter: Filter): boolean {
  return filter.text.trim() === "" && filter.project === null && !isNarrowed(filter);
}

/** Whether the bar's own fields leave something out. */
export function isNarrowed({ tags, agent, priority, due }: Filter): boolean {
  return (tags?.length ?? 0) > 0 || agent != null || priority != null || due != null;
}

/** A test for one filter; its words are split once, not once a card. */
export function matcher(filter: Filter, { now, ends }: Today = today()): (card: Card) => boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const { project, tags = [], agent, priority, due } = filter;
  return (card) => {
    if (project !== null && card.project !== project) return false;
    if (agent != null && card.assignee !== agent && card.run?.agent !== agent) return false;
    if (priority != null && card.priority < priority) return false;
    if (due != null && !isDue(card.due_at, due, now, ends)) return false;
    return tags.every((tag) => card.tags.includes(tag)) && words.every((word) => hasWord(card, word));
  };
}

/** Today and this week take in what is overdue. */
function isDue(at: number | null, due: DueIn, now: number, ends: number): boolean {
  switch (due) {
    case "overdue":
      return at !== null && at < now;
    case "today":
      return at !== null && at < ends;
    case "week":
      return at !== null && at < ends + 6 * DAY_MS;
    case "none":
      return at === null;
  }
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

/** As it is kept under a name. */
export function ruleOf({ text, project, tags = [], agent, priority, due }: Filter): Rule {
  return {
    text: text.trim(),
    tags: [...tags],
    project,
    agent: agent ?? null,
    priority: priority ?? null,
    due: due ?? null,
  };
}

export function filterOf({ text = "", project = null, ...rest }: Rule): Filter {
  return { text, project, ...rest };
}

export function sameRule(a: Rule, b: Rule): boolean {
  const plain = ({ text = "", tags = [], project = null, agent = null, priority = null, due = null }: Rule) =>
    JSON.stringify([text, tags, project, agent, priority, due]);
  return plain(a) === plain(b);
}
