// The queue's small sentences: how many are in the air, what an agent's record is.
import type { QueueAgent, QueuePolicy } from "../../bindings";

/** Runs that the dispatcher keeps at work where nobody set another number; the engine's own default. */
export const PARALLEL = 3;

export function flightWords(inFlight: number, policy: QueuePolicy | undefined): string {
  return `${inFlight} of ${policy?.parallel ?? PARALLEL} in flight`;
}

/** `2 of 3`, or `2` where the agent has no limit of its own. */
export function loadWords({ live, capacity }: Pick<QueueAgent, "live" | "capacity">): string {
  return capacity === null ? `${live}` : `${live} of ${capacity}`;
}

/** `14 of 16 (88 %)`; null before anything has ended. */
export function recordWords({ succeeded, ended }: Pick<QueueAgent, "succeeded" | "ended">): string | null {
  if (ended === 0) return null;
  return `${succeeded} of ${ended} (${Math.round((100 * succeeded) / ended)} %)`;
}

/** `takes work`, and how near its breaker is to opening. */
export function strikesWords({ failures, breaker }: Pick<QueueAgent, "failures" | "breaker">): string {
  if (failures === 0) return "takes work";
  return `takes work; ${failures} of ${breaker.threshold} failures in a row`;
}

/** What came of starting the next few. */
export function startedWords(started: number, agent: string): string {
  if (started === 0) return "No card could be started.";
  return started === 1 ? `1 card is in flight with ${agent}.` : `${started} cards are in flight with ${agent}.`;
}

/** An empty box is no limit; null is not a whole number. */
export function wholeNumber(text: string): number | undefined | null {
  if (text.trim() === "") return undefined;
  return /^\d+$/.test(text.trim()) ? Number(text) : null;
}
