// The words and tones for states, priorities and times, so that every screen says the same thing.
import type { Card, CardRun, Cause, Run, RunStatus } from "../bindings";

export type Tone = "plain" | "working" | "signal" | "good" | "bad" | "held" | "unknown";
export interface StateWord {
  word: string;
  tone: Tone;
}

const RUN_WORDS: Record<RunStatus, StateWord> = {
  queued: { word: "queued", tone: "plain" },
  preparing: { word: "preparing", tone: "working" },
  working: { word: "working", tone: "working" },
  waiting: { word: "needs you", tone: "signal" },
  idle: { word: "idle", tone: "unknown" },
  rate_limited: { word: "held", tone: "held" },
  unknown: { word: "unknown", tone: "unknown" },
  succeeded: { word: "finished", tone: "good" },
  failed: { word: "failed", tone: "bad" },
  stopped: { word: "stopped", tone: "plain" },
  lost: { word: "lost", tone: "bad" },
};

export function runWord(status: RunStatus): StateWord {
  return RUN_WORDS[status];
}

const ENDED: ReadonlySet<RunStatus> = new Set(["succeeded", "failed", "stopped", "lost"]);

export function isLive(status: RunStatus): boolean {
  return !ENDED.has(status);
}

/** The run that a page about the card is about: the newest that did its work. A review is looked at by choice. */
export function newestWork(runs: readonly Run[]): Run | null {
  return runs.find((run) => run.review === null) ?? runs[0] ?? null;
}

export function hasLiveRun(card: Card): boolean {
  return card.run !== null && isLive(card.run.status);
}

/** The one word on the card, or null where its column already says everything. */
export function cardWord(card: Card, status: RunStatus | undefined = card.run?.status): StateWord | null {
  if (status !== undefined && isLive(status)) return card.needs_you ? RUN_WORDS.waiting : RUN_WORDS[status];
  if (card.needs_you) return RUN_WORDS.waiting;
  switch (card.status) {
    case "inbox":
      return null;
    case "ready":
      if (card.queued) return { word: "queued", tone: "plain" };
      return card.why === null ? null : { word: "held", tone: "held" };
    case "in_progress":
      return { word: "no agent", tone: "unknown" };
    case "review":
      return status === "failed" || status === "lost" ? RUN_WORDS[status] : { word: "ready", tone: "good" };
    case "done":
      return null;
    case "failed":
      return { word: "failed", tone: "bad" };
    case "cancelled":
      return { word: "cancelled", tone: "plain" };
  }
}

const CAUSES: Record<Cause, string> = {
  could_not_start: "could not start",
  exited_non_zero: "exited with an error",
  no_completion_mark: "left without finishing",
  timeout: "ran too long",
  stalled: "stalled",
  lost: "lost",
  usage_limit: "usage limit",
  permission_refused: "permission refused",
  gate_failed: "checks failed",
  review_rejected: "rejected in review",
  provider_transient: "provider unavailable",
  provider_permanent: "provider refused",
  agent_error: "agent reported an error",
  session_gone: "session was gone",
  blocked: "blocked",
  budget: "budget used up",
};

export function causeWords(cause: Cause): string {
  return CAUSES[cause];
}

/** Why a card lies on the shelf. Work that succeeded and yet failed was rejected. */
export function failureOf(card: Card): string | null {
  if (card.status !== "failed" || card.run === null) return null;
  return causeWords(card.run.cause ?? "review_rejected");
}

export function priorityWord(level: number): "critical" | "high" | "medium" | "low" {
  if (level >= 9) return "critical";
  if (level >= 7) return "high";
  return level >= 4 ? "medium" : "low";
}

/** When a run's clock started and stopped; null while nothing has started. */
export function runSpan(run: CardRun): { from: number; to: number | null } | null {
  return run.started_at === null ? null : { from: run.started_at, to: run.ended_at };
}
