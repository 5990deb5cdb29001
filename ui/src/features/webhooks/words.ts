// What a webhook and its messages are doing, in a word and a sentence.
import type { Delivery, Webhook } from "../../bindings";
import { formatUntil } from "../../components/clock";
import type { Tone } from "../../components/StatusWord";

export interface Said {
  tone: Tone;
  word: string;
  /** More, where the word is not enough. */
  why?: string;
}

export function stateOf(webhook: Webhook, now: number): Said {
  if (!webhook.enabled) return { tone: "held", word: "paused" };
  const failed = `${webhook.failures} ${webhook.failures === 1 ? "failure" : "failures"} in a row`;
  if (webhook.resting_until !== null && webhook.resting_until > now) {
    const next = `tried again ${soon(webhook.resting_until, now)}`;
    return { tone: "bad", word: "resting", why: `${failed}; ${next}` };
  }
  return webhook.failures > 0 ? { tone: "bad", word: "failing", why: failed } : { tone: "good", word: "on" };
}

export function sentAs(delivery: Delivery, now: number): Said {
  switch (delivery.state) {
    case "delivered":
      return { tone: "good", word: "delivered" };
    case "given_up":
      return { tone: "bad", word: "given up" };
    case "waiting": {
      const next = delivery.next_at === null ? undefined : `next attempt ${soon(delivery.next_at, now)}`;
      return { tone: "working", word: delivery.attempts === 0 ? "waiting" : "trying again", why: next };
    }
  }
}

/** “Now” would be said too early. */
function soon(at: number, now: number): string {
  const words = formatUntil(at, now);
  return words === "now" ? "within a minute" : words;
}

/** How the newest attempt went: `200 in 34 ms`; null before the first. */
export function attemptWords({ attempts, code, took }: Delivery): string | null {
  if (attempts === 0) return null;
  const time = took === null ? "" : ` in ${took} ms`;
  const tries = attempts > 1 ? `, ${attempts} attempts` : "";
  return `${code ?? "no answer"}${time}${tries}`;
}

/** Which events it hears. */
export function heard(types: readonly string[]): string {
  return types.length === 0 ? "all events" : types.join(", ");
}

/** The body as people read it; as it is where it is no JSON. */
export function laidOut(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}
