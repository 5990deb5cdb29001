// The queue's small sentences: how many are in the air, what an agent's record is.
import type { QueueAgent, QueuePolicy, RunSpend } from "../../bindings";
import { grouped } from "../../components/formats";

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

/** `$1.84`, with `estimated` where the agent did not tell it; null where nothing is known of its price. */
export function moneyWords({ micros, estimated }: Pick<RunSpend, "micros" | "estimated">): string | null {
  if (micros === 0) return null;
  const dollars = micros < 10_000 ? "under $0.01" : `$${(micros / 1_000_000).toFixed(2)}`;
  return estimated ? `${dollars} estimated` : dollars;
}

/** `412,300 tokens`; null for none. */
export function tokenWords({ tokens }: Pick<RunSpend, "tokens">): string | null {
  return tokens === 0 ? null : `${grouped(tokens)} ${tokens === 1 ? "token" : "tokens"}`;
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
