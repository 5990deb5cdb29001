// A project's rules for the queue, between the settings and the form. Settings that the form does not show
// stay as they are.
import type { Cause, ProjectSettings, RetryPolicy, RetryRule } from "../../bindings";

export interface PolicyDraft {
  dispatch: boolean;
  limit: string;
  repositoryLimit: string;
  paused: boolean;
  reason: string;
  /** Attempts after the first; empty: the built-in rules of each failure. */
  retries: string;
}

/** Failures that another attempt may mend, each with the engine's own waits. */
const MENDABLE: Partial<Record<Cause, RetryRule["backoff"]>> = {
  exited_non_zero: { kind: "exponential", first: 10_000, cap: 300_000, jitter: 0.2 },
  agent_error: { kind: "exponential", first: 10_000, cap: 300_000, jitter: 0.2 },
  no_completion_mark: { kind: "exponential", first: 60_000, cap: 60_000, jitter: 0.2 },
  timeout: { kind: "exponential", first: 60_000, cap: 60_000, jitter: 0.2 },
  stalled: { kind: "exponential", first: 60_000, cap: 60_000, jitter: 0.2 },
  could_not_start: { kind: "exponential", first: 5_000, cap: 300_000, jitter: 0.2 },
};
const NAMES = Object.keys(MENDABLE) as Cause[];

export function policyOf(settings: ProjectSettings): PolicyDraft {
  return {
    dispatch: settings.dispatch ?? false,
    limit: settings.limit == null ? "" : String(settings.limit),
    repositoryLimit: settings.repository_limit == null ? "" : String(settings.repository_limit),
    paused: settings.paused != null,
    reason: settings.paused ?? "",
    retries: retriesOf(settings.retry ?? {}),
  };
}

/** The one number that all mendable failures have, if they have one. */
function retriesOf(retry: RetryPolicy): string {
  const counts = new Set(NAMES.map((cause) => retry[cause]?.max));
  const [only] = counts;
  return counts.size === 1 && only !== undefined ? String(only) : "";
}

/** The settings with what was typed; null where a box holds no whole number. */
export function settingsOf(settings: ProjectSettings, draft: PolicyDraft): ProjectSettings | null {
  const limit = wholeNumber(draft.limit);
  const repository_limit = wholeNumber(draft.repositoryLimit);
  const retries = wholeNumber(draft.retries);
  if ([limit, repository_limit, retries].some(Number.isNaN)) return null;
  const paused = draft.paused ? draft.reason.trim() || "paused by you" : null;
  const before = settings.retry ?? {};
  const retry = draft.retries.trim() === retriesOf(before) ? before : withRetries(before, retries);
  return { ...settings, dispatch: draft.dispatch, limit, repository_limit, paused, retry };
}

function withRetries(before: RetryPolicy, max: number | null): RetryPolicy {
  const next = { ...before };
  for (const cause of NAMES) {
    const backoff = before[cause]?.backoff ?? MENDABLE[cause];
    if (max === null) delete next[cause];
    else if (backoff) next[cause] = { max, backoff };
  }
  return next;
}

/** Null for an empty box, NaN for what is no whole number. */
export function wholeNumber(text: string): number | null {
  if (text.trim() === "") return null;
  return /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
}
