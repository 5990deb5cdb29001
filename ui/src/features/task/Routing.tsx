// Who may take the card: agents in order, skills, a model, attempts. Read, and changed in one small form.
import { type FormEvent, useState } from "react";
import type { Agent, SetRouting, TaskDetail, TaskQueue } from "../../bindings";
import { Button } from "../../components/Button";
import { TextField } from "../../components/Field";
import { OrderField } from "../../components/OrderField";
import { InlineError } from "../../components/States";
import { WordsField } from "../../components/WordsField";
import { useAction } from "../../data/actions";
import { isWait, retryDraft, retryOf, retryWords, WAIT_HINT, WRONG_WAIT } from "../../data/retries";
import { causeWords } from "../../data/words";
import styles from "./QueueTab.module.css";

interface Draft {
  agents: string[];
  skills: string[];
  model: string;
  retries: string;
  wait: string;
}

export function draftOf(queue: TaskQueue): Draft {
  return { agents: queue.agents, skills: queue.skills, model: queue.model ?? "", ...retryDraft(queue.retry) };
}

/** Only what was changed; null where attempts or waits are no numbers. */
export function routingOf(queue: TaskQueue, draft: Draft): SetRouting | null {
  const before = draftOf(queue);
  const set: SetRouting = {};
  if (draft.agents.join("\n") !== before.agents.join("\n")) set.agents = draft.agents;
  if (draft.skills.join("\n") !== before.skills.join("\n")) set.skills = draft.skills;
  if (draft.model.trim() !== before.model) set.model = draft.model.trim();
  const retry = retryOf(queue.retry, draft);
  if (retry === null) return null;
  if (retry !== queue.retry) set.retry = retry;
  return set;
}

export function Routing({ task, agents }: { task: TaskDetail; agents: readonly Agent[] }) {
  const [editing, setEditing] = useState(false);
  if (editing) return <RoutingForm task={task} agents={agents} onClose={() => setEditing(false)} />;
  const { queue, card } = task;
  return (
    <div className={styles.state}>
      <dl className={styles.facts}>
        <dt>agents</dt>
        <dd>{card.assignee ? `${card.assignee} alone` : queue.agents.join(", then ") || "as the project has them"}</dd>
        {queue.skills.length > 0 && (
          <>
            <dt>skills</dt>
            <dd>{queue.skills.join(", ")}</dd>
          </>
        )}
        <dt>model</dt>
        <dd>{queue.model ?? "chosen by the rules"}</dd>
        <dt>retries</dt>
        <dd>{retryWords(queue.retry) ?? ownRules(queue)}</dd>
      </dl>
      <Button size="small" onClick={() => setEditing(true)}>
        Change<span className="unseen"> who may take it</span>
      </Button>
    </div>
  );
}

function ownRules({ retry }: TaskQueue): string {
  const own = Object.entries(retry).map(([cause, rule]) => `${causeWords(cause as never)} ${rule.max} ×`);
  return own.length > 0 ? own.join(", ") : "as the project has them";
}

function RoutingForm({ task, agents, onClose }: { task: TaskDetail; agents: readonly Agent[]; onClose(): void }) {
  const [draft, setDraft] = useState(() => draftOf(task.queue));
  const [wrong, setWrong] = useState(false);
  const edit = useAction("editTask");
  const set = (fields: Partial<Draft>) => {
    setDraft({ ...draft, ...fields });
    setWrong(false);
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const routing = routingOf(task.queue, draft);
    if (routing === null) return setWrong(true);
    edit.mutate({ id: task.card.id, routing }, { onSuccess: onClose });
  };
  return (
    <form className={styles.form} onSubmit={save} aria-label="Who may take it">
      <OrderField
        label="Agents, the preferred first"
        add="Add an agent"
        empty="Those of the project."
        options={agents.map((agent) => ({ value: agent.name, label: agent.title }))}
        values={draft.agents}
        onChange={(names) => set({ agents: names })}
      />
      <WordsField
        label="Skills that it needs"
        hint="Only agents that have all of them take it."
        words={draft.skills}
        onChange={(skills) => set({ skills })}
      />
      <TextField
        label="Model"
        mono
        placeholder="chosen by the rules"
        value={draft.model}
        onChange={(event) => set({ model: event.target.value })}
      />
      <TextField
        label="Attempts after the first"
        inputMode="numeric"
        placeholder="as the project has them"
        hint="For failures that another attempt may mend."
        error={wrong && !/^\d*$/.test(draft.retries.trim()) ? "A whole number, or nothing." : null}
        value={draft.retries}
        onChange={(event) => set({ retries: event.target.value })}
      />
      <TextField
        label="Wait before each of them"
        placeholder="as the project has it"
        hint={WAIT_HINT}
        error={wrong && !isWait(draft.wait) ? WRONG_WAIT : null}
        value={draft.wait}
        onChange={(event) => set({ wait: event.target.value })}
      />
      {edit.error && <InlineError problem={edit.error} />}
      <div className={styles.formFoot}>
        <Button size="small" onClick={onClose}>
          Cancel
        </Button>
        <Button size="small" look="primary" type="submit" disabled={edit.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
