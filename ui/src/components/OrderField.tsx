// An ordered choice of a few names: each can be moved up and down or taken off, the rest wait in a list to
// be added. The order is the meaning, so it is numbered.
import { useId, useRef } from "react";
import { IconButton } from "./Button";
import { classes } from "./css";
import field from "./Field.module.css";
import { CloseIcon, DownIcon, UpIcon } from "./icons";
import styles from "./OrderField.module.css";

export interface OrderFieldProps {
  label: string;
  /** What the first line of the list says: “Add an agent”. */
  add: string;
  hint?: string;
  /** Shown while nothing is chosen. */
  empty: string;
  options: readonly { value: string; label: string }[];
  values: readonly string[];
  onChange(values: string[]): void;
}

export function OrderField({ label, add, hint, empty, options, values, onChange }: OrderFieldProps) {
  const id = useId();
  const box = useRef<HTMLFieldSetElement>(null);
  const left = options.filter(({ value }) => !values.includes(value));
  const name = (value: string) => options.find((option) => option.value === value)?.label ?? value;
  const swap = (at: number, to: number) => {
    const next = [...values];
    const [moved] = next.splice(at, 1);
    if (moved === undefined) return;
    next.splice(to, 0, moved);
    onChange(next);
    // The focus goes with what was moved.
    const which = to < at ? "up" : "down";
    requestAnimationFrame(() => {
      const line = box.current?.querySelectorAll("li")[to];
      const wanted = line?.querySelector<HTMLButtonElement>(`[data-way="${which}"]:not(:disabled)`);
      (wanted ?? line?.querySelector<HTMLButtonElement>("button:not(:disabled)"))?.focus();
    });
  };
  const drop = (at: number) => {
    onChange(values.filter((_, place) => place !== at));
    requestAnimationFrame(() => box.current?.querySelector("select")?.focus());
  };
  return (
    <fieldset ref={box} className={styles.field} aria-describedby={hint ? id : undefined}>
      <legend className={field.label}>{label}</legend>
      {values.length === 0 ? (
        <p className={styles.empty}>{empty}</p>
      ) : (
        <ol className={styles.list}>
          {values.map((value, at) => (
            <li key={value} className={styles.line}>
              <span className={styles.place}>{at + 1}</span>
              <span className={styles.name}>{name(value)}</span>
              <IconButton
                size="small"
                data-way="up"
                label={`Move ${name(value)} up`}
                disabled={at === 0}
                onClick={() => swap(at, at - 1)}
              >
                <UpIcon />
              </IconButton>
              <IconButton
                size="small"
                data-way="down"
                label={`Move ${name(value)} down`}
                disabled={at === values.length - 1}
                onClick={() => swap(at, at + 1)}
              >
                <DownIcon />
              </IconButton>
              <IconButton size="small" label={`Take ${name(value)} off`} onClick={() => drop(at)}>
                <CloseIcon />
              </IconButton>
            </li>
          ))}
        </ol>
      )}
      {left.length > 0 && (
        <span className={classes(field.selectWrap, styles.add)}>
          <select
            className={classes(field.control, field.select)}
            aria-label={`${label}: ${add.toLowerCase()}`}
            value=""
            onChange={(event) => event.target.value && onChange([...values, event.target.value])}
          >
            <option value="">{add}</option>
            {left.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
        </span>
      )}
      {hint && (
        <p id={id} className={field.hint}>
          {hint}
        </p>
      )}
    </fieldset>
  );
}
