// Attempts and the waits between them, for the failures that another attempt may mend: between a policy by cause and
// two text boxes.
import type { Backoff, Cause, RetryPolicy, RetryRule } from "../bindings";

export interface RetryDraft {
  /** Attempts after the first; empty: as it is where nobody says otherwise. */
  retries: string;
  /** As `flightboard add --retry-wait` takes it: 0, 30, 10-300~20. Empty as above. */
  wait: string;
}

/** For the box of the waits. */
export const WAIT_HINT =
  "In seconds. 0: at once. 30: the same each time. 10-300~20: doubling from 10 to 300, moved by up to 20 %.";
export const WRONG_WAIT = "Seconds such as 30, or from-to~per cent such as 10-300~20.";

/** Failures that another attempt may mend, with the engine's own rules. */
const MENDABLE: Partial<Record<Cause, RetryRule>> = {
  exited_non_zero: rule(2, 10_000, 300_000),
  agent_error: rule(2, 10_000, 300_000),
  no_completion_mark: rule(1, 60_000, 60_000),
  timeout: rule(1, 60_000, 60_000),
  stalled: rule(1, 60_000, 60_000),
  could_not_start: rule(4, 5_000, 300_000),
};
const NAMES = Object.keys(MENDABLE) as Cause[];

function rule(max: number, first: number, cap: number): RetryRule {
  return { max, backoff: { kind: "exponential", first, cap, jitter: 0.2 } };
}

/** What all mendable failures have in common. */
export function retryDraft(retry: RetryPolicy): RetryDraft {
  return { retries: common(retry, ({ max }) => String(max)), wait: common(retry, ({ backoff }) => waitText(backoff)) };
}

function common(retry: RetryPolicy, text: (rule: RetryRule) => string): string {
  const rules = NAMES.map((cause) => retry[cause]);
  if (rules.some((one) => one === undefined)) return "";
  const texts = new Set((rules as RetryRule[]).map(text));
  const [only] = texts;
  return texts.size === 1 && only !== undefined ? only : "";
}

export function waitText(backoff: Backoff): string {
  const seconds = (millis: number) => String(millis / 1_000);
  switch (backoff.kind) {
    case "immediate":
      return "0";
    case "fixed":
      return seconds(backoff.wait);
    case "exponential":
      return `${seconds(backoff.first)}-${seconds(backoff.cap)}~${Math.round((backoff.jitter ?? 0) * 100)}`;
  }
}

/** Undefined for what is none. */
export function waitOf(text: string): Backoff | undefined {
  const [, first, cap, share] = /^\s*(\d+)\s*(?:-\s*(\d+)\s*(?:~\s*(\d+)\s*)?)?$/.exec(text) ?? [];
  if (first === undefined) return undefined;
  const millis = (seconds: string) => Number(seconds) * 1_000;
  if (cap !== undefined)
    return { kind: "exponential", first: millis(first), cap: millis(cap), jitter: Number(share ?? 20) / 100 };
  return Number(first) === 0 ? { kind: "immediate" } : { kind: "fixed", wait: millis(first) };
}

export function isWait(text: string): boolean {
  return text.trim() === "" || waitOf(text) !== undefined;
}

/** The policy with what was typed; null where that is nonsense. What the boxes are not about stays. */
export function retryOf(before: RetryPolicy, typed: RetryDraft): RetryPolicy | null {
  const draft = { retries: typed.retries.trim(), wait: typed.wait.trim() };
  const old = retryDraft(before);
  if (draft.retries === old.retries && draft.wait === old.wait) return before;
  if (!/^\d*$/.test(draft.retries) || !isWait(draft.wait)) return null;
  const next = { ...before };
  for (const cause of NAMES) {
    const usual = MENDABLE[cause] as RetryRule;
    const own = before[cause] ?? usual;
    const max = draft.retries === old.retries ? own.max : draft.retries === "" ? usual.max : Number(draft.retries);
    const backoff = draft.wait === old.wait ? own.backoff : (waitOf(draft.wait) ?? usual.backoff);
    if (draft.retries === "" && draft.wait === "") delete next[cause];
    else next[cause] = { max, backoff };
  }
  return next;
}

/** `3 more, 10-300~20 s apart`; null where neither is said for all alike. */
export function retryWords(retry: RetryPolicy): string | null {
  const { retries, wait } = retryDraft(retry);
  if (retries === "") return null;
  const apart = wait === "0" ? ", at once" : wait === "" ? "" : `, ${wait} s apart`;
  return `${retries} after the first attempt${apart}`;
}
