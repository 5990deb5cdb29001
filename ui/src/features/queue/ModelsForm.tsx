// Which model each agent is asked for, by what a run is for and how demanding its card looks, and what the
// agent costs where the cheapest is to be taken.
import { type FormEvent, useState } from "react";
import type { Agent, Models, QueuePolicy } from "../../bindings";
import { Button, IconButton } from "../../components/Button";
import { Select, TextField } from "../../components/Field";
import { CloseIcon } from "../../components/icons";
import { InlineError } from "../../components/States";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { focusWrong } from "./focusWrong";
import styles from "./Money.module.css";
import { dollars, dollarText, isWrong, modelError, SENTENCES } from "./money";

const RULES = ["always", "complex", "routine", "plan", "code", "review"] as const;
type Rule = (typeof RULES)[number];

const LABELS: Record<Rule, string> = {
  always: "Always",
  complex: "For complex cards",
  routine: "For routine cards",
  plan: "To plan",
  code: "To code",
  review: "To review",
};

export interface AgentDraft {
  name: string;
  models: Record<Rule, string>;
  /** Dollars for a million tokens. */
  cost: string;
}

function draftOf(name: string, models: Models | undefined, cost: number | undefined): AgentDraft {
  const model = (rule: Rule) => models?.[rule] ?? "";
  return {
    name,
    models: {
      always: model("always"),
      complex: model("complex"),
      routine: model("routine"),
      plan: model("plan"),
      code: model("code"),
      review: model("review"),
    },
    cost: dollarText(cost),
  };
}

export function draftsOf({ models = {}, costs = {} }: Pick<QueuePolicy, "models" | "costs">): AgentDraft[] {
  const names = [...new Set([...Object.keys(models), ...Object.keys(costs)])].sort();
  return names.map((name) => draftOf(name, models[name], costs[name]));
}

/** The policy with what was typed; null where something in it is wrong. An agent without a word is left out. */
export function policyOf(policy: QueuePolicy, drafts: readonly AgentDraft[]): QueuePolicy | null {
  const models: Record<string, Models> = {};
  const costs: Record<string, number> = {};
  for (const draft of drafts) {
    const cost = dollars(draft.cost, SENTENCES.negativePrice);
    if (isWrong(cost) || RULES.some((rule) => modelError(draft.models[rule]))) return null;
    const typed = RULES.flatMap((rule) => {
      const model = draft.models[rule].trim();
      return model === "" ? [] : [[rule, model] as const];
    });
    if (typed.length > 0) models[draft.name] = Object.fromEntries(typed);
    if (cost.value !== null) costs[draft.name] = cost.value;
  }
  return { ...policy, models, costs };
}

export interface ModelsFormProps {
  policy: QueuePolicy;
  agents: readonly Agent[];
}

export function ModelsForm({ policy, agents }: ModelsFormProps) {
  const [drafts, setDrafts] = useState(() => draftsOf(policy));
  const put = useAction("putQueuePolicy");
  const set = (name: string, change: (draft: AgentDraft) => AgentDraft) =>
    setDrafts(drafts.map((draft) => (draft.name === name ? change(draft) : draft)));
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const next = policyOf(policy, drafts);
    if (next === null) return focusWrong(event.currentTarget);
    put.mutate(next, { onSuccess: () => toast({ text: "The models are saved." }) });
  };
  const left = agents.filter((agent) => !drafts.some((draft) => draft.name === agent.name));
  const title = (name: string) => agents.find((agent) => agent.name === name)?.title ?? name;
  return (
    <form className={styles.form} onSubmit={save} aria-label="Models">
      {drafts.length === 0 && (
        <p className={styles.none}>No rules: each run asks for the model of its card, else of its agent’s settings.</p>
      )}
      {drafts.map((draft) => (
        <AgentModels
          key={draft.name}
          title={title(draft.name)}
          draft={draft}
          onChange={(change) => set(draft.name, change)}
          onRemove={() => setDrafts(drafts.filter((other) => other !== draft))}
        />
      ))}
      {left.length > 0 && (
        <div className={styles.add}>
          <Select
            label="Models of a further agent"
            value=""
            options={[
              { value: "", label: "Choose an agent" },
              ...left.map((agent) => ({ value: agent.name, label: agent.title })),
            ]}
            onChange={(event) =>
              event.target.value && setDrafts([...drafts, draftOf(event.target.value, undefined, undefined)])
            }
          />
        </div>
      )}
      <p className={styles.hint}>
        A model named on the card comes first, then “always”, then complex or routine, then what the run is for. A card
        is complex if it is critical or speaks of debugging, migrating, refactoring and the like; routine if it is low
        and speaks of renaming, formatting or summarising.
      </p>
      {put.error && <InlineError problem={put.error} />}
      <div className={styles.foot}>
        <Button type="submit" look="primary" disabled={put.isPending}>
          Save models
        </Button>
      </div>
    </form>
  );
}

interface AgentModelsProps {
  title: string;
  draft: AgentDraft;
  onChange(change: (draft: AgentDraft) => AgentDraft): void;
  onRemove(): void;
}

function AgentModels({ title, draft, onChange, onRemove }: AgentModelsProps) {
  const cost = dollars(draft.cost, SENTENCES.negativePrice);
  return (
    <fieldset className={styles.box} data-testid={`models-${draft.name}`}>
      <legend className="unseen">Models of {title}</legend>
      <div className={styles.agentHead}>
        <span className={styles.agentName} aria-hidden="true">
          {title}
        </span>
        <IconButton size="small" label={`Remove the models of ${title}`} onClick={onRemove}>
          <CloseIcon />
        </IconButton>
      </div>
      <div className={styles.amounts}>
        {RULES.map((rule) => (
          <TextField
            key={rule}
            label={LABELS[rule]}
            mono
            placeholder="by the next rule"
            value={draft.models[rule]}
            error={modelError(draft.models[rule])}
            onChange={(event) => {
              const { value } = event.target;
              onChange((old) => ({ ...old, models: { ...old.models, [rule]: value } }));
            }}
          />
        ))}
        <TextField
          label="Cost, $ for a million tokens"
          inputMode="decimal"
          placeholder="unknown"
          hint="For the choice of the cheapest."
          value={draft.cost}
          error={isWrong(cost) ? cost.error : null}
          onChange={(event) => {
            const { value } = event.target;
            onChange((old) => ({ ...old, cost: value }));
          }}
        />
      </div>
    </fieldset>
  );
}
