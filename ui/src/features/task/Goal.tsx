// The card's goal: its description as the agent gets it, read as Markdown and edited as text.
import { useState } from "react";
import type { TaskId } from "../../bindings";
import { Button } from "../../components/Button";
import { TextArea } from "../../components/Field";
import { Markdown } from "../../components/Markdown";
import { useAction } from "../../data/actions";
import styles from "./Facts.module.css";

export interface GoalProps {
  id: TaskId;
  description: string;
  version: number;
  onOpenLink(url: string): void;
}

export function Goal({ id, description, version, onOpenLink }: GoalProps) {
  const [editing, setEditing] = useState(false);
  return (
    <section className={styles.section} aria-labelledby="goal">
      <div className={styles.head}>
        <h2 id="goal">Goal</h2>
        {!editing && (
          <Button size="small" look="plain" onClick={() => setEditing(true)}>
            Edit
          </Button>
        )}
      </div>
      {editing ? (
        <GoalEditor id={id} description={description} version={version} onClose={() => setEditing(false)} />
      ) : description.trim() === "" ? (
        <p className={styles.none}>No description. The agent gets the title alone.</p>
      ) : (
        <Markdown onOpenLink={onOpenLink}>{description}</Markdown>
      )}
    </section>
  );
}

const LONGEST = 200_000;

type GoalEditorProps = Omit<GoalProps, "onOpenLink"> & { onClose(): void };

function GoalEditor({ id, description, version, onClose }: GoalEditorProps) {
  const [draft, setDraft] = useState(description);
  // The version that this draft began with: a change made meanwhile is refused, not overwritten.
  const [from] = useState(version);
  const edit = useAction("editTask");
  const save = () => edit.mutate({ id, description: draft, version: from }, { onSuccess: onClose });
  const error = edit.error ? [edit.error.message, edit.error.next].filter(Boolean).join(" ") : null;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <TextArea
        label="Description in Markdown"
        hideLabel
        mono
        rows={12}
        maxLength={LONGEST}
        autoFocus
        value={draft}
        error={error}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
          else if (event.key === "Escape") onClose();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <div className={styles.buttons}>
        <Button size="small" onClick={onClose}>
          Cancel
        </Button>
        <Button size="small" look="primary" type="submit" disabled={edit.isPending} title="Ctrl+Enter">
          Save
        </Button>
      </div>
    </form>
  );
}
