// Writing a card in full. What was typed survives closing the dialog, until the card is added.
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { AddTask, Card, Status as Column, ProjectId, TaskId } from "../../bindings";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { Dialog } from "../../components/Dialog";
import { Select, TextField } from "../../components/Field";
import { FileDrop } from "../../components/FileDrop";
import { Kbd } from "../../components/Kbd";
import { InlineError } from "../../components/States";
import { toast } from "../../components/Toast";
import { act, useAction } from "../../data/actions";
import { useData } from "../../data/context";
import { dateInMs, splitTags } from "../../data/draft";
import { attachAll, fileProblem } from "../../data/files";
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
let keptFiles: readonly File[] = [];

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
  const data = useData();
  const [files, setFiles] = useState<readonly File[]>(keptFiles);
  const [sending, setSending] = useState(false);
  const add = useAction("addTask");
  const save = useAction("putSettings");

  const set = (fields: Partial<Draft>) => {
    kept = { ...draft, ...fields };
    setDraft(kept);
    setWrong(null);
  };
  const standing = project ?? existing(projects, settings?.last_project);
  const chosen = draft.project === null ? standing : draft.project === "" ? null : Number(draft.project);

  const dispatches = projects.find((one) => one.id === chosen)?.settings.dispatch === true;

  const submit = (andRun: boolean) => {
    const problem = titleProblem(draft.title);
    if (problem) return setWrong(problem);
    const held = files.length > 0 && { queued: false };
    add.mutate(
      { ...requestFrom(draft, chosen), ...held },
      {
        onSuccess: async (card) => {
          const left = await send(card.id);
          if (left) toast({ text: `${card.key} is added, but ${left.message}.`, next: left.next, tone: "bad" });
          kept = EMPTY;
          if (settings && settings.last_project !== chosen) save.mutate({ ...settings, last_project: chosen });
          onAdded(card, andRun);
        },
      },
    );
  };
  /** An agent may start on the card at once: its files are there by then. */
  const send = async (id: TaskId) => {
    if (files.length === 0) return null;
    setSending(true);
    const problem = await attachAll(data, id, files);
    keep([]);
    // Held back until its files were there.
    if (draft.column === "ready" && dispatches) await act(data, "queueTask", { id, queued: true }).catch(() => {});
    return problem;
  };
  const keep = (next: readonly File[]) => {
    keptFiles = next;
    setFiles(next);
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
          <Button onClick={() => submit(true)} disabled={add.isPending || sending}>
            Add and run…
          </Button>
          <Button type="submit" form="new-card" look="primary" disabled={add.isPending || sending}>
            Add card <Kbd>Ctrl ↵</Kbd>
          </Button>
        </>
      }
    >
      <form id="new-card" onSubmit={onSubmit} onKeyDown={onKeyDown}>
        <FileDrop
          className={styles.form}
          label="Add files…"
          hint="or drop or paste them here. The agent finds them in its workspace."
          onFiles={(more) => keep([...files, ...more])}
        >
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
            <TextField
              label="Due"
              type="date"
              value={draft.due}
              onChange={(event) => set({ due: event.target.value })}
            />
          </div>
          <TextField
            label="Tags"
            placeholder="bug, docs"
            value={draft.tags}
            onChange={(event) => set({ tags: event.target.value })}
          />
          <FileList files={files} onRemove={(file) => keep(files.filter((other) => other !== file))} />
        </FileDrop>
      </form>
    </Dialog>
  );
}

function FileList({ files, onRemove }: { files: readonly File[]; onRemove(file: File): void }) {
  if (files.length === 0) return null;
  return (
    <ul className={styles.files} aria-label="Files to add">
      {files.map((file, at) => (
        <li key={`${at}.${file.name}`}>
          <Chip onRemove={() => onRemove(file)}>{file.name}</Chip>{" "}
          {fileProblem(file) && (
            <span role="alert" className={styles.wrong}>
              {fileProblem(file)}
            </span>
          )}
        </li>
      ))}
    </ul>
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
