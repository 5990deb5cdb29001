// What a sync with GitHub did, or would do, in sentences.
import type { CardEdit, GithubKey, GithubSync, IssueEdit, IssueState, SyncedIssues } from "../../bindings";

/** “2 cards added, 1 issue changed”; null where nothing was to be done. */
export function doneWords({
  added,
  changed,
  told,
  refused,
}: Pick<GithubSync, "added" | "changed" | "told" | "refused">): string | null {
  const parts = [
    added > 0 && `${count(added, "card")} added`,
    changed > 0 && `${count(changed, "card")} changed`,
    told > 0 && `${count(told, "issue")} changed`,
    refused > 0 && `${count(refused, "change")} refused`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : null;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

export interface Step {
  /** The issue's. */
  number: number;
  text: string;
}

/** What would be new on each side. */
export function stepsOf({ cards, edits }: Pick<SyncedIssues, "cards" | "edits">): { here: Step[]; there: Step[] } {
  return {
    here: cards.map((edit) => ({ number: edit.number, text: onCard(edit) })),
    there: edits.map((edit) => ({ number: edit.number, text: changes(edit, ISSUE) })),
  };
}

function onCard(edit: CardEdit): string {
  return edit.task === null ? `new card: ${edit.title}` : `T-${edit.task}: ${changes(edit, CARD)}`;
}

const CARD: Record<IssueState, string> = {
  open: "move to Inbox",
  completed: "move to Done",
  not_planned: "move to Cancelled",
};
const ISSUE: Record<IssueState, string> = {
  open: "reopen",
  completed: "close as completed",
  not_planned: "close as not planned",
};

function changes({ title, labels, state }: Omit<IssueEdit, "number">, states: Record<IssueState, string>): string {
  const parts = [
    title !== null && `title “${title}”`,
    labels !== null && (labels.length > 0 ? `labels ${labels.join(", ")}` : "no labels"),
    state !== null && states[state],
  ];
  return parts.filter(Boolean).join("; ");
}

/** As whom GitHub is asked, and what to do where that is nobody. */
export const KEY_WORDS: Record<GithubKey, { words: string; next: string | null }> = {
  environment: { words: "GitHub is asked with the token in GITHUB_TOKEN.", next: null },
  gh: { words: "GitHub is asked as you are logged in with “gh”.", next: null },
  none: {
    words: "Nobody is logged in at GitHub: public repositories can be read, but their issues not changed.",
    next: "Run “gh auth login” in a terminal, or start Flightboard with a token in GITHUB_TOKEN.",
  },
};
