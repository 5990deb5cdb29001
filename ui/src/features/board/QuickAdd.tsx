// A card in one line: type, Enter, the next one. What was refused stays in the box with its reason.
import { type KeyboardEvent, useState } from "react";
import type { Status as Column, ProjectId } from "../../bindings";
import { TextField } from "../../components/Field";
import { useAction } from "../../data/actions";
import { COLUMN_NAMES } from "../../data/order";
import { useSettings } from "../../data/queries";
import { titleProblem } from "../../data/title";
import styles from "./QuickAdd.module.css";

export interface QuickAddProps {
  column: Column;
  /** The project that the board shows; else the one used last. */
  project: ProjectId | null;
  onClose(): void;
}

export function QuickAdd({ column, project, onClose }: QuickAddProps) {
  const [title, setTitle] = useState("");
  const [error, setError] = useState<string | null>(null);
  const add = useAction("addTask");
  const lastProject = useSettings().data?.last_project ?? null;

  const submit = () => {
    const wrong = titleProblem(title);
    if (wrong) return setError(wrong);
    setTitle("");
    add.mutate(
      { title: title.trim(), column, project: project ?? lastProject },
      {
        onError: (problem) => {
          setError(problem.message);
          setTitle((now) => now || title);
        },
      },
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.nativeEvent.isComposing) submit();
    else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={styles.quick}>
      <TextField
        label={`New card in ${COLUMN_NAMES[column]}`}
        hideLabel
        placeholder="Title, then Enter"
        value={title}
        error={error}
        autoFocus
        onChange={(event) => {
          setTitle(event.target.value);
          setError(null);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => title === "" && error === null && onClose()}
      />
    </div>
  );
}
