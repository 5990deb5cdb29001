// What a key may do, as sentences, and how long it lasts.
import type { Agent, Key, KeyRole, Project } from "../../bindings";
import { formatUntil } from "../../components/clock";
import { shortDate } from "../../components/formats";

const DAY = 86_400_000;

export const ROLES: readonly { value: KeyRole; label: string; may: string }[] = [
  { value: "viewer", label: "Viewer", may: "Reads cards, logs and results; changes nothing." },
  { value: "agent", label: "Agent", may: "Works on one agent’s own cards: claims, reports, asks, hands in." },
  { value: "operator", label: "Operator", may: "Works with cards, runs, projects and agents, as you do on the board." },
  { value: "admin", label: "Admin", may: "Everything, keys and this machine’s settings included." },
];

export function roleWord(role: KeyRole): string {
  return ROLES.find((one) => one.value === role)?.label ?? role;
}

export const LIFETIMES = [
  { value: "", label: "Until it is revoked" },
  { value: "1", label: "A day" },
  { value: "7", label: "A week" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "A year" },
] as const;

/** `days` as in LIFETIMES; null: no end. */
export function endOf(days: string, now: number): number | null {
  return days === "" ? null : now + Number(days) * DAY;
}

/** What it reaches. */
export function scopeWords(key: Pick<Key, "project" | "agent">, projects: readonly Project[]): string {
  if (key.agent !== null) return `cards of ${key.agent}`;
  if (key.project === null) return "the whole board";
  return `project ${projects.find((project) => project.id === key.project)?.name ?? key.project}`;
}

/** How it ends or ended. */
export function endWords(key: Key, now: number): string {
  if (key.revoked_at !== null) return `revoked ${shortDate(key.revoked_at)}`;
  if (key.expires_at === null) return "no end";
  return key.good ? `ends ${formatUntil(key.expires_at, now)}` : `ended ${shortDate(key.expires_at)}`;
}

/** Agents whose cards a key can be for: first those that are here or were added, then what could be installed. */
export function holders(agents: readonly Agent[]): { value: string; label: string }[] {
  const here = ({ path, builtin, presence }: Agent) => path !== null || !builtin || presence !== null;
  return [...agents.filter(here), ...agents.filter((agent) => !here(agent))]
    .filter((agent) => agent.name !== "custom")
    .map(({ name, title }) => ({ value: name, label: title || name }));
}
