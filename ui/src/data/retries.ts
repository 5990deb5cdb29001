// One number for the failures that another attempt may mend, between a policy by cause and a text box.
import type { Cause, RetryPolicy, RetryRule } from "../bindings";

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

/** The one number that all mendable failures have, if they have one. */
export function retriesOf(retry: RetryPolicy): string {
  const counts = new Set(NAMES.map((cause) => retry[cause]?.max));
  const [only] = counts;
  return counts.size === 1 && only !== undefined ? String(only) : "";
}

/** Null: no rule of its own. What the number is not about stays. */
export function withRetries(before: RetryPolicy, max: number | null): RetryPolicy {
  const next = { ...before };
  for (const cause of NAMES) {
    const backoff = before[cause]?.backoff ?? MENDABLE[cause];
    if (max === null) delete next[cause];
    else if (backoff) next[cause] = { max, backoff };
  }
  return next;
}
