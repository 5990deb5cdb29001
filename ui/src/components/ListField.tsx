// A list of single lines, one box each: Enter opens the next, Backspace in an empty one closes it.
import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import { Button, IconButton } from "./Button";
import { classes } from "./css";
import field from "./Field.module.css";
import { CloseIcon, PlusIcon } from "./icons";
import styles from "./ListField.module.css";

export interface ListFieldProps {
  label: string;
  /** One line of it, as in “Argument 2”. */
  item: string;
  hint?: ReactNode;
  placeholder?: string;
  values: string[];
  onChange(values: string[]): void;
}

export function ListField({ label, item, hint, placeholder, values, onChange }: ListFieldProps) {
  const id = useId();
  const list = useRef<HTMLFieldSetElement>(null);
  const focus = (at: number) =>
    requestAnimationFrame(() => list.current?.querySelectorAll("input")[Math.max(0, at)]?.focus());
  const put = (at: number, value: string) => onChange(values.map((old, place) => (place === at ? value : old)));
  const add = (at: number) => {
    onChange([...values.slice(0, at), "", ...values.slice(at)]);
    focus(at);
  };
  const drop = (at: number) => {
    onChange(values.filter((_, place) => place !== at));
    focus(at - 1);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>, at: number) => {
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      add(at + 1);
    } else if (event.key === "Backspace" && values[at] === "") {
      event.preventDefault();
      drop(at);
    }
  };
  return (
    <fieldset ref={list} className={styles.list} aria-describedby={hint ? id : undefined}>
      <legend className={field.label}>{label}</legend>
      {values.map((value, at) => (
        <div key={at} className={styles.line}>
          <input
            type="text"
            className={classes(field.control, field.mono)}
            aria-label={`${item} ${at + 1}`}
            placeholder={placeholder}
            autoComplete="off"
            spellCheck={false}
            value={value}
            onChange={(event) => put(at, event.target.value)}
            onKeyDown={(event) => onKeyDown(event, at)}
          />
          <IconButton size="small" label={`Remove ${item.toLowerCase()} ${at + 1}`} onClick={() => drop(at)}>
            <CloseIcon />
          </IconButton>
        </div>
      ))}
      <Button size="small" className={styles.add} onClick={() => add(values.length)}>
        <PlusIcon /> {item}
      </Button>
      {hint && (
        <p id={id} className={field.hint}>
          {hint}
        </p>
      )}
    </fieldset>
  );
}
