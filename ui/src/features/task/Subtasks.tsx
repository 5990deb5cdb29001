// The card's sub-tasks as a checklist: each is a card of its own. And the card that this one is a sub-task of.
import { type FormEvent, useState } from "react";
import type { Card, Status as Column, TaskDetail, TaskId } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { TextField } from "../../components/Field";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import { COLUMN_NAMES } from "../../data/order";
import { useCard } from "../../data/queries";
import { titleProblem } from "../../data/title";
import styles from "./Facts.module.css";
import { Section } from "./Section";

export interface SubtasksProps {
  task: TaskDetail;
  onOpen(id: TaskId): void;
  /** Asks first where an agent would be stopped. */
  onMove(id: TaskId, to: Column): void;
}

export function Subtasks({ task, onOpen, onMove }: SubtasksProps) {
  const { progress } = task.card;
  return (
    <Section
      title="Sub-tasks"
      more={
        progress && (
          <span className={styles.count} data-testid="progress">
            {progress.done} of {progress.total} done
          </span>
        )
      }
    >
      {task.subtasks.length > 0 && (
        <ul className={styles.checklist} aria-label="Sub-tasks">
          {task.subtasks.map((card) => (
            <Line key={card.id} card={card} onOpen={onOpen} onMove={onMove} />
          ))}
        </ul>
      )}
      <AddSubtask task={task} />
      <Parent task={task} onOpen={onOpen} />
    </Section>
  );
}

function Line({ card: known, onOpen, onMove }: { card: Card } & Omit<SubtasksProps, "task">) {
  // The board's copy is the fresher one.
  const card = useCard(known.id) ?? known;
  const done = card.status === "done";
  return (
    <li className={styles.check}>
      <input
        type="checkbox"
        aria-label={`${card.key} is done`}
        checked={done}
        onChange={() => onMove(card.id, done ? "inbox" : "done")}
      />
      <button type="button" className={styles.subtask} onClick={() => onOpen(card.id)}>
        <span className={styles.subtaskKey}>{card.key}</span> {card.title}
      </button>
      <span className={styles.artifactSize}>{COLUMN_NAMES[card.status]}</span>
    </li>
  );
}

function AddSubtask({ task }: { task: TaskDetail }) {
  const [title, setTitle] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const add = useAction("addTask");
  const { id, project } = task.card;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const problem = titleProblem(title);
    if (problem) return setWrong(problem);
    add.mutate({ title, parent: id, project }, { onSuccess: () => setTitle("") });
  };
  return (
    <form onSubmit={submit}>
      <TextField
        label="Add a sub-task"
        hideLabel
        placeholder="Add a sub-task, then Enter"
        value={title}
        disabled={add.isPending && title === ""}
        error={wrong}
        onChange={(event) => {
          setTitle(event.target.value);
          setWrong(null);
        }}
      />
      {add.error && <InlineError problem={add.error} />}
    </form>
  );
}

function Parent({ task, onOpen }: { task: TaskDetail; onOpen(id: TaskId): void }) {
  const [choosing, setChoosing] = useState(false);
  const set = useAction("setParent");
  const { parent, card } = task;
  return (
    <div className={styles.parent}>
      {parent ? (
        <>
          <button type="button" className={styles.subtask} onClick={() => onOpen(parent.id)}>
            Part of <span className={styles.subtaskKey}>{parent.key}</span> {parent.title}
          </button>
          <Button
            size="small"
            look="plain"
            disabled={set.isPending}
            onClick={() => set.mutate({ id: card.id, parent: null })}
          >
            Leave
          </Button>
        </>
      ) : (
        <Button size="small" onClick={() => setChoosing(true)}>
          Make it a sub-task of…
        </Button>
      )}
      {set.error && <InlineError problem={set.error} />}
      {choosing && <ParentDialog card={card} onClose={() => setChoosing(false)} />}
    </div>
  );
}

function ParentDialog({ card, onClose }: { card: Card; onClose(): void }) {
  const [key, setKey] = useState("");
  const set = useAction("setParent");
  const number = /^\s*(?:t-)?(\d+)\s*$/i.exec(key)?.[1];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (number) set.mutate({ id: card.id, parent: Number(number) }, { onSuccess: onClose });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Make ${card.key} a sub-task`}
      width={360}
      foot={
        <Button type="submit" form="parent" look="primary" disabled={!number || set.isPending}>
          Make it a sub-task
        </Button>
      }
    >
      <form id="parent" onSubmit={submit}>
        <TextField
          label="Of the card"
          mono
          placeholder="T-12"
          autoFocus
          value={key}
          error={set.error ? [set.error.message, set.error.next].filter(Boolean).join(" ") : null}
          onChange={(event) => {
            setKey(event.target.value);
            set.reset();
          }}
        />
      </form>
    </Dialog>
  );
}
