// The rules for the whole board: how much at once, who takes what nobody claimed, when a run is too long.
// What the form does not show stays as it is.
import { type FormEvent, useState } from "react";
import type { Agent, Choice, QueuePolicy } from "../../bindings";
import { Button } from "../../components/Button";
import { Checkbox, Select, TextField } from "../../components/Field";
import { OrderField } from "../../components/OrderField";
import { InlineError } from "../../components/States";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { isMinutes, LIMITS, type LimitDraft, limitDraft, limitsOf } from "../../data/limits";
import styles from "./Queue.module.css";
import { PARALLEL, wholeNumber } from "./words";

const CHOICES: { value: Choice; label: string }[] = [
  { value: "in_order", label: "The first that is free" },
  { value: "least_loaded", label: "The least busy" },
  { value: "cheapest", label: "The cheapest" },
];

export interface PolicyFormProps {
  policy: QueuePolicy;
  agents: readonly Agent[];
}

interface Draft {
  parallel: string;
  review: string;
  threshold: string;
  /** Minutes. */
  coolDown: string;
  limits: LimitDraft;
  agents: string[];
  choice: Choice;
  preempt: boolean;
}

const text = (value: number | null | undefined) => (value == null ? "" : String(value));

function draftOf(policy: QueuePolicy): Draft {
  return {
    parallel: text(policy.parallel),
    review: text(policy.review),
    threshold: text(policy.breaker?.threshold),
    coolDown: text(policy.breaker?.cool_down == null ? null : policy.breaker.cool_down / MINUTE),
    limits: limitDraft(policy.limits),
    agents: policy.agents ?? [],
    choice: policy.choice ?? "in_order",
    preempt: policy.preempt ?? false,
  };
}

const NUMBERS = ["parallel", "review", "threshold"] as const;
const MINUTE = 60_000;
/** The engine's own. */
const BREAKER = { threshold: 3, cool_down: MINUTE, longest: 60 * MINUTE };

/** The policy with what was typed; null where a box holds no whole number. */
export function policyOf(policy: QueuePolicy, draft: Draft): QueuePolicy | null {
  const [parallel, review, threshold] = NUMBERS.map((name) => wholeNumber(draft[name]));
  const limits = limitsOf(draft.limits);
  if (parallel === null || review === null || threshold === null) return null;
  if (limits === null || !isMinutes(draft.coolDown)) return null;
  const { agents, choice, preempt } = draft;
  const cool_down = draft.coolDown.trim() === "" ? BREAKER.cool_down : Math.round(Number(draft.coolDown) * MINUTE);
  const longest = Math.max(policy.breaker?.longest ?? BREAKER.longest, cool_down);
  const breaker = { threshold: threshold ?? BREAKER.threshold, cool_down, longest };
  return { ...policy, parallel, review, agents, choice, preempt, limits, breaker };
}

export function PolicyForm({ policy, agents }: PolicyFormProps) {
  const [draft, setDraft] = useState(() => draftOf(policy));
  const [wrong, setWrong] = useState(false);
  const put = useAction("putQueuePolicy");
  const set = (fields: Partial<Draft>) => {
    setDraft({ ...draft, ...fields });
    setWrong(false);
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const next = policyOf(policy, draft);
    if (next === null) return setWrong(true);
    put.mutate(next, { onSuccess: () => toast({ text: "The queue’s rules are saved." }) });
  };
  const number = (name: (typeof NUMBERS)[number]) => ({
    inputMode: "numeric" as const,
    value: draft[name],
    error: wrong && wholeNumber(draft[name]) === null ? "A whole number, or nothing." : null,
    onChange: (event: { target: { value: string } }) => set({ [name]: event.target.value }),
  });
  const minutes = (value: string, change: (value: string) => void) => ({
    inputMode: "decimal" as const,
    value,
    error: wrong && !isMinutes(value) ? "A number of minutes, or nothing." : null,
    onChange: (event: { target: { value: string } }) => change(event.target.value),
  });
  return (
    <form className={styles.form} onSubmit={save} aria-label="Rules of the queue">
      <TextField
        label="Runs at one time"
        placeholder={String(PARALLEL)}
        hint={`Left empty, the queue keeps ${PARALLEL} at work and yours are not limited.`}
        {...number("parallel")}
      />
      <TextField
        label="Stop starting at this many in Review"
        placeholder="no limit"
        hint="So that finished work does not pile up faster than you look at it."
        {...number("review")}
      />
      <OrderField
        label="Agents for cards that name none"
        add="Add an agent"
        empty="None: such a card waits until one is chosen."
        hint="Also for projects that name none."
        options={agents.map((agent) => ({ value: agent.name, label: agent.title }))}
        values={draft.agents}
        onChange={(names) => set({ agents: names })}
      />
      <Select
        label="Of several agents, take"
        value={draft.choice}
        options={CHOICES}
        hint="The order above decides where they are equal."
        onChange={(event) => set({ choice: event.target.value as Choice })}
      />
      {LIMITS.map(({ name, label, hint, usual }) => (
        <TextField
          key={name}
          label={label}
          hint={hint}
          placeholder={usual}
          {...minutes(draft.limits[name], (value) => set({ limits: { ...draft.limits, [name]: value } }))}
        />
      ))}
      <TextField
        label="An agent rests after failures in a row"
        placeholder={String(BREAKER.threshold)}
        hint="Only failures that speak against it: it could not start, reported an error, or its provider did."
        {...number("threshold")}
      />
      <TextField
        label="It rests at first, in minutes"
        placeholder={String(BREAKER.cool_down / MINUTE)}
        hint="Then one run probes it; each probe that fails doubles the rest, up to an hour or this."
        {...minutes(draft.coolDown, (coolDown) => set({ coolDown }))}
      />
      <Checkbox
        className={styles.wide}
        label="A critical card may take the place of a low one"
        hint="Only of a run that the queue started and nobody talks to. Its work is kept, and it starts again later."
        checked={draft.preempt}
        onChange={(event) => set({ preempt: event.target.checked })}
      />
      {put.error && <InlineError problem={put.error} />}
      <div className={styles.formFoot}>
        <Button type="submit" look="primary" disabled={put.isPending}>
          Save rules
        </Button>
      </div>
    </form>
  );
}
