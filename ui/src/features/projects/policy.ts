// A project's rules for the queue, between the settings and the form. Settings that the form does not show
// stay as they are.
import type { Escalation, ProjectSettings } from "../../bindings";
import { type LimitDraft, limitDraft, limitsOf } from "../../data/limits";
import { retryDraft, retryOf } from "../../data/retries";

export interface PolicyDraft {
  dispatch: boolean;
  limit: string;
  repositoryLimit: string;
  paused: boolean;
  reason: string;
  /** Attempts after the first; empty: the built-in rules of each failure. */
  retries: string;
  /** Before each of them, as `data/retries` reads it. */
  wait: string;
  /** Failures of a card, and minutes of failing, after which a person is called. Empty: never. */
  callAfter: string;
  callAfterMinutes: string;
  stopWorkflow: string;
  handOver: boolean;
  pauseThen: boolean;
  limits: LimitDraft;
}

/** The engine's own rule, where a project says nothing. */
const USUAL: Required<Escalation> = { failures: 3, minutes: 1_440, hand_over: false, pause: false, workflow: 3 };

const number = (value: number | null | undefined) => (value == null ? "" : String(value));

export function policyOf(settings: ProjectSettings): PolicyDraft {
  const escalation = { ...USUAL, ...settings.escalation };
  return {
    dispatch: settings.dispatch ?? false,
    limit: settings.limit == null ? "" : String(settings.limit),
    repositoryLimit: settings.repository_limit == null ? "" : String(settings.repository_limit),
    paused: settings.paused != null,
    reason: settings.paused ?? "",
    ...retryDraft(settings.retry ?? {}),
    callAfter: number(escalation.failures),
    callAfterMinutes: number(escalation.minutes),
    stopWorkflow: number(escalation.workflow),
    handOver: escalation.hand_over,
    pauseThen: escalation.pause,
    limits: limitDraft(settings.limits),
  };
}

/** The settings with what was typed; null where a box holds no whole number. */
export function settingsOf(settings: ProjectSettings, draft: PolicyDraft): ProjectSettings | null {
  const limit = wholeNumber(draft.limit);
  const repository_limit = wholeNumber(draft.repositoryLimit);
  const retry = retryOf(settings.retry ?? {}, draft);
  const escalation = escalationOf(draft);
  const limits = limitsOf(draft.limits);
  if ([limit, repository_limit].some(Number.isNaN) || retry === null || escalation === null || limits === null)
    return null;
  const paused = draft.paused ? draft.reason.trim() || "paused by you" : null;
  return { ...settings, dispatch: draft.dispatch, limit, repository_limit, paused, retry, escalation, limits };
}

function escalationOf(draft: PolicyDraft): Escalation | null {
  const [failures, minutes, workflow] = [draft.callAfter, draft.callAfterMinutes, draft.stopWorkflow].map(wholeNumber);
  if ([failures, minutes, workflow].some(Number.isNaN)) return null;
  return { failures, minutes, workflow, hand_over: draft.handOver, pause: draft.pauseThen };
}

/** Null for an empty box, NaN for what is no whole number. */
export function wholeNumber(text: string): number | null {
  if (text.trim() === "") return null;
  return /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
}
