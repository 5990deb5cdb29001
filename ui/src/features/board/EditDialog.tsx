// Changing chosen cards together: tags, priority, who may start, due date. What is left alone stays as it is on
// each card.
import { type FormEvent, useState } from "react";
import type { Agent, Card } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Select, TextField } from "../../components/Field";
import { dateInMs, splitTags } from "../../data/draft";
import { type BulkEdit, changesOf } from "./bulk";
import styles from "./EditDialog.module.css";

const LEAVE = "leave";

const PRIORITIES = [
  { value: LEAVE, label: "As it is" },
  { value: "10", label: "Critical" },
  { value: "8", label: "High" },
  { value: "5", label: "Medium" },
  { value: "2", label: "Low" },
];

export interface EditDialogProps {
  cards: readonly Card[];
  agents: readonly Agent[];
  onEdit(edit: BulkEdit): void;
  onClose(): void;
}

interface Draft {
  add: string;
  remove: string;
  priority: string;
  agent: string;
  when: "leave" | "none" | "day";
  due: string;
}

const START: Draft = { add: "", remove: LEAVE, priority: LEAVE, agent: LEAVE, when: "leave", due: "" };

function editOf(draft: Draft): BulkEdit {
  return {
    addTags: splitTags(draft.add),
    removeTags: draft.remove === LEAVE ? [] : [draft.remove],
    priority: draft.priority === LEAVE ? null : Number(draft.priority),
    assignee: draft.agent === LEAVE ? undefined : draft.agent === "" ? null : draft.agent,
    due: draft.when === "leave" ? undefined : draft.when === "none" ? null : (dateInMs(draft.due) ?? undefined),
  };
}

export function EditDialog({ cards, agents, onEdit, onClose }: EditDialogProps) {
  const [draft, setDraft] = useState(START);
  const set = (fields: Partial<Draft>) => setDraft({ ...draft, ...fields });
  const edit = editOf(draft);
  const touched = cards.filter((card) => changesOf(card, edit) !== null).length;
  const tags = [...new Set(cards.flatMap((card) => card.tags))].sort((a, b) => a.localeCompare(b));
  const what = cards.length === 1 ? (cards[0]?.key ?? "") : `${cards.length} cards`;
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (touched === 0) return;
    onClose();
    onEdit(edit);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Change ${what}`}
      width={420}
      foot={
        <>
          <span className={styles.count} role="status">
            {touched === 0 ? "Nothing changes yet." : `${touched} of ${cards.length} will change.`}
          </span>
          <Button type="submit" form="edit-cards" look="primary" disabled={touched === 0}>
            Change
          </Button>
        </>
      }
    >
      <form id="edit-cards" className={styles.form} onSubmit={save}>
        <TextField
          label="Add tags"
          placeholder="bug, docs"
          autoFocus
          value={draft.add}
          onChange={(event) => set({ add: event.target.value })}
        />
        <Select
          label="Take a tag off"
          value={draft.remove}
          disabled={tags.length === 0}
          options={[{ value: LEAVE, label: "None" }, ...tags.map((tag) => ({ value: tag, label: `#${tag}` }))]}
          onChange={(event) => set({ remove: event.target.value })}
        />
        <Select
          label="Priority"
          value={draft.priority}
          options={PRIORITIES}
          onChange={(event) => set({ priority: event.target.value })}
        />
        <Select
          label="Only this agent may start"
          value={draft.agent}
          options={[
            { value: LEAVE, label: "As it is" },
            { value: "", label: "Any agent" },
            ...agents.map(({ name, title }) => ({ value: name, label: title })),
          ]}
          onChange={(event) => set({ agent: event.target.value })}
        />
        <Select
          label="Due"
          value={draft.when}
          options={[
            { value: "leave", label: "As it is" },
            { value: "none", label: "No date" },
            { value: "day", label: "On a day" },
          ]}
          onChange={(event) => set({ when: event.target.value as Draft["when"] })}
        />
        {draft.when === "day" && (
          <TextField label="Day" type="date" value={draft.due} onChange={(event) => set({ due: event.target.value })} />
        )}
      </form>
    </Dialog>
  );
}
