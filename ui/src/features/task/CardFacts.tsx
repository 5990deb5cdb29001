// What the card itself says: project, priority, due date, tags; read, and edited in one small form.
import { type FormEvent, useState } from "react";
import type { Card, EditTask, Project, TaskDetail } from "../../bindings";
import { Button } from "../../components/Button";
import { Select, TextField } from "../../components/Field";
import { InlineError } from "../../components/States";
import { RelativeTime } from "../../components/Time";
import { useAction } from "../../data/actions";
import { dateInMs, splitTags } from "../../data/draft";
import { priorityWord } from "../../data/words";
import { localDate } from "./days";
import styles from "./Facts.module.css";
import { Fact, Section } from "./Section";

export interface CardFactsProps {
  task: TaskDetail;
  projects: readonly Project[];
}

export function CardFacts({ task, projects }: CardFactsProps) {
  const [editing, setEditing] = useState(false);
  const { card } = task;
  const project = projects.find((each) => each.id === card.project);
  if (editing) {
    return (
      <Section title="Card">
        <CardForm task={task} projects={projects} onClose={() => setEditing(false)} />
      </Section>
    );
  }
  return (
    <Section
      title="Card"
      more={
        <Button size="small" look="plain" aria-label="Edit the card" onClick={() => setEditing(true)}>
          Edit
        </Button>
      }
    >
      <dl className={styles.list}>
        {project && <Fact name="project">{project.name}</Fact>}
        <Fact name="priority">
          {priorityWord(card.priority)} ({card.priority})
        </Fact>
        {card.assignee && <Fact name="assigned">{card.assignee}</Fact>}
        {card.due_at !== null && <Fact name="due">{localDate(card.due_at)}</Fact>}
        {card.tags.length > 0 && <Fact name="tags">{card.tags.join(", ")}</Fact>}
        <Fact name="written">
          <RelativeTime at={card.created_at} />
        </Fact>
      </dl>
    </Section>
  );
}

interface Draft {
  project: string;
  priority: string;
  due: string;
  tags: string;
}

function draftOf(card: Card): Draft {
  return {
    project: card.project === null ? "" : String(card.project),
    priority: String(card.priority),
    due: card.due_at === null ? "" : localDate(card.due_at),
    tags: card.tags.join(", "),
  };
}

/** Only what was changed travels, so that two people may edit different things. */
export function editOf(card: Card, draft: Draft): EditTask | null {
  const before = draftOf(card);
  const edit: EditTask = { id: card.id };
  if (draft.project !== before.project && draft.project !== "") edit.project = Number(draft.project);
  if (draft.priority !== before.priority) edit.priority = Number(draft.priority);
  if (draft.due !== before.due) edit.due = { at: dateInMs(draft.due) };
  if (draft.tags !== before.tags) edit.tags = splitTags(draft.tags);
  return Object.keys(edit).length > 1 ? edit : null;
}

const PRIORITIES = Array.from({ length: 10 }, (_, at) => 10 - at).map((level) => ({
  value: String(level),
  label: `${level} ${priorityWord(level)}`,
}));

function CardForm({ task, projects, onClose }: CardFactsProps & { onClose(): void }) {
  const [draft, setDraft] = useState(() => draftOf(task.card));
  const edit = useAction("editTask");
  const set = (fields: Partial<Draft>) => setDraft({ ...draft, ...fields });
  const save = (event: FormEvent) => {
    event.preventDefault();
    const request = editOf(task.card, draft);
    if (request) edit.mutate(request, { onSuccess: onClose });
    else onClose();
  };
  const options = projects.map((each) => ({ value: String(each.id), label: each.name }));
  return (
    <form
      className={styles.form}
      onSubmit={save}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        event.preventDefault();
        onClose();
      }}
    >
      <Select
        label="Project"
        value={draft.project}
        options={draft.project === "" ? [{ value: "", label: "None" }, ...options] : options}
        onChange={(event) => set({ project: event.target.value })}
      />
      <Select
        label="Priority"
        value={draft.priority}
        options={PRIORITIES}
        onChange={(event) => set({ priority: event.target.value })}
      />
      <TextField label="Due" type="date" value={draft.due} onChange={(event) => set({ due: event.target.value })} />
      <TextField
        label="Tags"
        value={draft.tags}
        placeholder="bug, docs"
        onChange={(event) => set({ tags: event.target.value })}
      />
      {edit.error && <InlineError problem={edit.error} />}
      <div className={styles.buttons}>
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
