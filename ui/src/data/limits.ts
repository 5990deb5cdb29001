// Time limits of runs, between the engine's seconds and the minutes that people type.
import type { RunLimits } from "../bindings";

export type LimitDraft = Record<keyof RunLimits, string>;

/** In the order of a run's life. */
export const LIMITS: readonly { name: keyof RunLimits; label: string; hint: string; usual: string }[] = [
  {
    name: "setup",
    label: "Setup command, in minutes",
    usual: "15",
    hint: "Preparing a new workspace; what takes longer is ended, with all that it started.",
  },
  {
    name: "longest",
    label: "Longest run, in minutes",
    usual: "no limit",
    hint: "A run that takes longer is stopped and counts as a failure.",
  },
  {
    name: "idle",
    label: "Longest silence, in minutes",
    usual: "no limit",
    hint: "Without any output, whatever it is doing; also while it waits for an answer.",
  },
  {
    name: "expected_quiet",
    label: "Expected quiet time, in minutes",
    usual: "no limit",
    hint: "Twice as long without output while it should be working counts as stalled.",
  },
  {
    name: "review",
    label: "Longest review by an agent, in minutes",
    usual: "no limit",
    hint: "Commands of a gate have a limit of their own.",
  },
];

export function limitDraft(limits: RunLimits | undefined): LimitDraft {
  const minutes = (name: keyof RunLimits) => {
    const seconds = limits?.[name];
    return seconds == null ? "" : String(Math.round((seconds / 60) * 100) / 100);
  };
  return {
    setup: minutes("setup"),
    longest: minutes("longest"),
    idle: minutes("idle"),
    expected_quiet: minutes("expected_quiet"),
    review: minutes("review"),
  };
}

/** Null where a box holds no number of minutes. An empty box is no limit. */
export function limitsOf(draft: LimitDraft): RunLimits | null {
  const limits: RunLimits = {};
  for (const { name } of LIMITS) {
    if (!isMinutes(draft[name])) return null;
    limits[name] = draft[name].trim() === "" ? null : Math.ceil(Number(draft[name]) * 60);
  }
  return limits;
}

/** Nothing, or a number above zero. */
export function isMinutes(text: string): boolean {
  return text.trim() === "" || (/^\d+(\.\d+)?$/.test(text.trim()) && Number(text) > 0);
}
