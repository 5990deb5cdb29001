// The sentences that say what goes when cards are deleted for ever.
import type { Card } from "../../bindings";
import { grouped } from "../../components/formats";

const NAMED = 5;

const count = (n: number, one: string) => (n === 1 ? `1 ${one}` : `${grouped(n)} ${one}s`);

/** `and with it the output of 2 runs and 1 artifact`; empty if there is nothing but the card. */
function alongside(cards: readonly Card[]): string {
  const runs = cards.reduce((sum, card) => sum + card.runs, 0);
  const artifacts = cards.reduce((sum, card) => sum + card.artifacts, 0);
  if (runs === 0) return "";
  const output = `the output of ${count(runs, "run")}`;
  return artifacts === 0 ? output : `${output} and ${count(artifacts, "artifact")}`;
}

const SAVED = " Work in a workspace that was not committed is kept aside first.";

export function deletionNote(card: Card): string {
  const also = alongside([card]);
  if (also === "") return `“${card.title}” cannot be brought back.`;
  return `“${card.title}” goes, and with it ${also}. That cannot be undone.${SAVED}`;
}

export function emptyingNote(cards: readonly Card[]): string {
  const named = cards.slice(0, NAMED).map((card) => `${card.key} “${card.title}”`);
  const more = cards.length - named.length;
  const list = more > 0 ? `${named.join(", ")} and ${grouped(more)} more` : named.join(", ");
  const also = alongside(cards);
  if (also === "") return `${list}. They cannot be brought back.`;
  return `${list} go, and with them ${also}. That cannot be undone.${SAVED}`;
}

export function retentionNote(days: number): string {
  if (days === 0) return "They stay here until you delete them.";
  return `After ${count(days, "day")} here they are deleted for ever.`;
}
