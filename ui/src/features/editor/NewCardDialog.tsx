// Writing a card in full. What was typed survives closing the dialog, until the card is added.
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { AddTask, Card, Status as Column, ProjectId } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Select, TextField } from "../../components/Field";
import { Kbd } from "../../components/Kbd";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import { dateInMs, splitTags } from "../../data/draft";
import { useProjects, useSettings } from "../../data/queries";
import { titleProblem } from "../../data/title";
import { MarkdownEditor } from "./MarkdownEditor";
import styles from "./NewCardDialog.module.css";

interface Draft {
  title: string;
  description: string;
  tags: string;
  priority: string;
  due: string;
  column: Column;
  /** Null: not touched, so the board's project or the last one used stands. */
  project: string | null;
}

const EMPTY: Draft = { title: "", description: "", tags: "", priority: "5", due: "", column: "inbox", project: null };
let kept: Draft = EMPTY;

export interface NewCardDialogProps {
  /** The project that the board shows. */
  project: ProjectId | null;
  column?: Column;
  onAdded(card: Card, andRun: boolean): void;
  onClose(): void;
}

export function NewCardDialog({ project, column, onAdded, onClose }: NewCardDialogProps) {
  const [draft, setDraft] = useState<Draft>(() => ({ ...kept, column: column ?? kept.column }));
  const [wrong, setWrong] = useState<string | null>(null);
  const projects = useProjects().data ?? [];
  const settings = useSettings().data;
  const add = useAction("addTask");
  const save = useAction("putSettings");

  const set = (fields: Partial<Draft>) => {
    kept = { ...draft, ...fields };
    setDraft(kept);
    setWrong(null);
  };
  const standing = project ?? existing(projects, settings?.last_project);
  const chosen = draft.project === null ? standing : draft.project === "" ? null : Number(draft.project);

  const submit = (andRun: boolean) => {
    const problem = titleProblem(draft.title);
    if (problem) return setWrong(problem);
    add.mutate(requestFrom(draft, chosen), {
      onSuccess: (card) => {
        kept = EMPTY;
        if (settings && settings.last_project !== chosen) save.mutate({ ...settings, last_project: chosen });
        onAdded(card, andRun);
      },
    });
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    submit(event.shiftKey);
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title="New card"
      width={640}
      foot={
        <>
          {add.error && <InlineError problem={add.error} />}
          <Button onClick={() => submit(true)} disabled={add.isPending}>
            Add and run…
          </Button>
          <Button type="submit" form="new-card" look="primary" disabled={add.isPending}>
            Add card <Kbd>Ctrl ↵</Kbd>
          </Button>
        </>
      }
    >
      <form id="new-card" className={styles.form} onSubmit={onSubmit} onKeyDown={onKeyDown}>
        <TextField
          label="Title"
          value={draft.title}
          error={wrong}
          autoFocus
          onChange={(event) => set({ title: event.target.value })}
        />
        <MarkdownEditor
          label="Description"
          hint="The goal, and how to see that it is reached. Agents read it as it stands. Markdown."
          value={draft.description}
          onChange={(description) => set({ description })}
        />
        <div className={styles.row}>
          <Select
            label="Project"
            value={chosen === null ? "" : String(chosen)}
            options={[
              { value: "", label: "None" },
              ...projects.map((one) => ({ value: String(one.id), label: one.name })),
            ]}
            onChange={(event) => set({ project: event.target.value })}
          />
          <Select
            label="Column"
            value={draft.column}
            options={[
              { value: "inbox", label: "Inbox" },
              { value: "ready", label: "Ready" },
            ]}
            onChange={(event) => set({ column: event.target.value as Column })}
          />
          <Select
            label="Priority"
            value={draft.priority}
            options={PRIORITIES}
            onChange={(event) => set({ priority: event.target.value })}
          />
          <TextField label="Due" type="date" value={draft.due} onChange={(event) => set({ due: event.target.value })} />
        </div>
        <TextField
          label="Tags"
          placeholder="bug, docs"
          value={draft.tags}
          onChange={(event) => set({ tags: event.target.value })}
        />
      </form>
    </Dialog>
  );
}

const PRIORITIES = [
  { value: "10", label: "Critical" },
  { value: "8", label: "High" },
  { value: "5", label: "Medium" },
  { value: "2", label: "Low" },
];

function requestFrom(draft: Draft, project: ProjectId | null): AddTask {
  return {
    title: draft.title.trim(),
    description: draft.description,
    project,
    priority: Number(draft.priority),
    tags: splitTags(draft.tags),
    due_at: dateInMs(draft.due),
    column: draft.column,
  };
}

function existing(projects: { id: ProjectId }[], id: ProjectId | null | undefined): ProjectId | null {
  if (projects.length === 1) return projects[0]?.id ?? null;
  return projects.some((project) => project.id === id) ? (id ?? null) : null;
}
