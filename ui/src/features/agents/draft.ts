// An agent as it stands in the dialog, and as it is sent. What the dialog does not show is kept as it was.
import type { Agent, AgentProfile, BreakerRule, RegisterAgent, RetryRule } from "../../bindings";
import { joinCommand, splitCommand } from "../../data/argv";
import { isWait, retryDraft, retryOf } from "../../data/retries";

export interface Variable {
  id: number;
  name: string;
  /** Null: passed on from the person's own environment. */
  value: string | null;
}

export interface AgentDraft {
  name: string;
  title: string;
  kind: string;
  program: string;
  args: string[];
  /** What makes the program tell its version, as one would type it. */
  versionArgs: string;
  variables: Variable[];
  role: string;
  instructions: string;
  skills: string[];
  capacity: string;
  model: string;
  enabled: boolean;
  /** Attempts after the first; empty: as its projects have it. */
  retries: string;
  wait: string;
  /** Failures in a row after which it rests; empty: as the board has it. */
  threshold: string;
  /** Minutes. */
  coolDown: string;
}

export const BLANK: AgentDraft = {
  name: "",
  title: "",
  kind: "custom",
  program: "",
  args: [],
  versionArgs: "",
  variables: [],
  role: "",
  instructions: "",
  skills: [],
  capacity: "1",
  model: "",
  enabled: true,
  retries: "",
  wait: "",
  threshold: "",
  coolDown: "",
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export function draftOf(agent: Agent): AgentDraft {
  const { profile } = agent;
  const set = (profile.env ?? []).map(([name, value]) => ({ name, value }));
  const passed = (profile.pass_env ?? []).map((name) => ({ name, value: null }));
  return {
    name: agent.name,
    title: agent.registered_at === null ? "" : agent.title === agent.name ? "" : agent.title,
    kind: agent.kind,
    program: profile.program ?? "",
    args: profile.args ?? [],
    versionArgs: joinCommand(profile.version_args ?? []),
    variables: [...passed, ...set].map((variable, id) => ({ ...variable, id })),
    role: agent.role ?? "",
    instructions: agent.instructions,
    skills: agent.skills,
    capacity: String(agent.max_capacity),
    model: agent.model ?? "",
    enabled: agent.enabled,
    ...retryDraft(agent.retry),
    threshold: agent.breaker ? String(agent.breaker.threshold ?? 3) : "",
    coolDown: agent.breaker ? String((agent.breaker.cool_down ?? MINUTE) / MINUTE) : "",
  };
}

/** More attempts than there may be, or a wait that none is. */
function refusedRetry({ wait }: AgentDraft): Agent["retry"] {
  const rule: RetryRule = isWait(wait)
    ? { max: 101, backoff: { kind: "immediate" } }
    : { max: 0, backoff: { kind: "fixed", wait: -1 } };
  return { timeout: rule };
}

/** `before`: the profile that the agent had. */
export function profileOf(draft: AgentDraft, before: AgentProfile = {}): AgentProfile {
  const named = draft.variables
    .map((variable) => ({ ...variable, name: variable.name.trim() }))
    .filter(({ name }) => name);
  const profile: AgentProfile = {
    ...before,
    program: draft.program.trim() || null,
    args: filled(draft.args),
    version_args: filled(splitCommand(draft.versionArgs)),
    pass_env: filled(named.flatMap(({ name, value }) => (value === null ? [name] : []))),
    env: filled(named.flatMap(({ name, value }) => (value === null ? [] : [[name, value] as [string, string]]))),
  };
  // Null would be a change as well; what is left out stays as the kind has it.
  return Object.fromEntries(Object.entries(profile).filter(([, value]) => value != null));
}

function filled<T>(list: T[]): T[] | null {
  return list.length > 0 ? list : null;
}

export function requestOf(draft: AgentDraft, before?: Agent): RegisterAgent {
  return {
    name: draft.name.trim(),
    kind: draft.kind,
    title: draft.title.trim(),
    profile: profileOf({ ...draft, args: draft.args.filter((arg) => arg !== "") }, before?.profile),
    role: draft.role,
    instructions: draft.instructions,
    skills: draft.skills,
    // Not a number is refused by the engine, in its own words.
    max_capacity: draft.capacity.trim() === "" ? 0 : Math.trunc(Number(draft.capacity)) || 0,
    model: draft.model,
    enabled: draft.enabled,
    // Nonsense is refused by the engine, in its own words.
    retry: retryOf(before?.retry ?? {}, draft) ?? refusedRetry(draft),
    breaker: { rule: breakerOf(draft, before) },
  };
}

function breakerOf(draft: AgentDraft, before: Agent | undefined): BreakerRule | null {
  if (draft.threshold.trim() === "") return null;
  const minutes = draft.coolDown.trim() === "" ? 1 : Number(draft.coolDown) || 0;
  const cool_down = Math.round(minutes * MINUTE);
  return {
    threshold: whole(draft.threshold),
    cool_down,
    longest: Math.max(before?.breaker?.longest ?? HOUR, cool_down),
  };
}

/** Beyond every limit where it is no whole number. */
function whole(text: string): number {
  return /^\d+$/.test(text.trim()) ? Number(text) : 1_000_000;
}

/** What brings an agent back as it is. */
export function requestFor(agent: Agent): RegisterAgent {
  return { ...requestOf(draftOf(agent), agent), profile: agent.profile };
}
