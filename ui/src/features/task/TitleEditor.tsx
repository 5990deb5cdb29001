// The card's title, edited where it stands: Enter saves, Escape takes it back.
import { useRef, useState } from "react";
import type { TaskId } from "../../bindings";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import styles from "./TaskHeader.module.css";

const LONGEST = 500;

export interface TitleEditorProps {
  id: TaskId;
  title: string;
  version: number;
}

export function TitleEditor({ id, title, version }: TitleEditorProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const edit = useAction("editTask");
  const field = useRef<HTMLInputElement>(null);
  /** The draft on its way to the engine. */
  const saving = useRef<string | null>(null);
  if (draft === null) {
    return (
      <h1 className={styles.title}>
        <button
          type="button"
          className={styles.titleButton}
          title={`${title}\nClick to edit`}
          onClick={() => setDraft(title)}
        >
          {title}
        </button>
      </h1>
    );
  }
  const close = () => setDraft(null);
  const save = () => {
    // Leaving the field saves too, and so does what takes the keyboard away while it saves.
    if (edit.isPending || draft === saving.current) return;
    const next = draft.trim();
    if (next === title) return close();
    if (next === "") {
      field.current?.focus();
      return;
    }
    saving.current = draft;
    edit.mutate(
      { id, title: next, version },
      {
        onSuccess: close,
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
        onSettled: () => {
          saving.current = null;
        },
      },
    );
  };
  return (
    <span className={styles.title}>
      <input
        ref={field}
        className={styles.titleField}
        aria-label="Title"
        aria-invalid={draft.trim() === ""}
        // biome-ignore lint/a11y/noAutofocus: the person has just asked to edit this very text
        autoFocus
        maxLength={LONGEST}
        value={draft}
        readOnly={edit.isPending}
        onChange={(event) => setDraft(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={() => (draft.trim() === "" ? close() : save())}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Enter") save();
          else if (event.key === "Escape") close();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
    </span>
  );
}
