// Environment variables: names to be passed on from the person's own environment, and values for this agent
// alone. The latter are stored in the clear, and the row says so.
import { useRef } from "react";
import { Button, IconButton } from "../../components/Button";
import { classes } from "../../components/css";
import field from "../../components/Field.module.css";
import { CloseIcon, PlusIcon } from "../../components/icons";
import type { Variable } from "./draft";
import styles from "./VariablesField.module.css";

export interface VariablesFieldProps {
  variables: Variable[];
  onChange(variables: Variable[]): void;
}

export function VariablesField({ variables, onChange }: VariablesFieldProps) {
  const list = useRef<HTMLFieldSetElement>(null);
  const put = (id: number, fields: Partial<Variable>) =>
    onChange(variables.map((one) => (one.id === id ? { ...one, ...fields } : one)));
  const add = () => {
    const id = Math.max(-1, ...variables.map((one) => one.id)) + 1;
    onChange([...variables, { id, name: "", value: null }]);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-variable="${id}"]`)?.focus());
  };
  return (
    <fieldset ref={list} className={styles.list} aria-describedby="variables-hint">
      <legend className={field.label}>Environment</legend>
      {variables.map((variable, at) => (
        <Row
          key={variable.id}
          variable={variable}
          place={at + 1}
          onChange={(fields) => put(variable.id, fields)}
          onRemove={() => onChange(variables.filter((one) => one.id !== variable.id))}
        />
      ))}
      <Button size="small" className={styles.add} onClick={add}>
        <PlusIcon /> Variable
      </Button>
      <p id="variables-hint" className={field.hint}>
        Agents get your login shell’s environment. Name here what this one cannot do without, and set what it alone
        needs. Keep keys in your shell: a value that you set here is stored in the clear.
      </p>
    </fieldset>
  );
}

interface RowProps {
  variable: Variable;
  place: number;
  onChange(fields: Partial<Variable>): void;
  onRemove(): void;
}

function Row({ variable, place, onChange, onRemove }: RowProps) {
  const control = classes(field.control, field.mono);
  return (
    <div className={styles.row}>
      <input
        type="text"
        className={control}
        data-variable={variable.id}
        aria-label={`Variable ${place}`}
        placeholder="OPENAI_API_KEY"
        autoComplete="off"
        spellCheck={false}
        value={variable.name}
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <span className={field.selectWrap}>
        <select
          className={classes(field.control, field.select)}
          aria-label={`Where variable ${place} comes from`}
          value={variable.value === null ? "passed" : "set"}
          onChange={(event) => onChange({ value: event.target.value === "passed" ? null : "" })}
        >
          <option value="passed">from your environment</option>
          <option value="set">set here</option>
        </select>
      </span>
      {variable.value === null ? (
        <span className={styles.note}>must be set in your shell</span>
      ) : (
        <span className={styles.value}>
          <input
            type="text"
            className={control}
            aria-label={`Value of variable ${place}, stored in the clear`}
            autoComplete="off"
            spellCheck={false}
            value={variable.value}
            onChange={(event) => onChange({ value: event.target.value })}
          />
          <span className={styles.note}>in the clear</span>
        </span>
      )}
      <IconButton size="small" label={`Remove variable ${place}`} onClick={onRemove}>
        <CloseIcon />
      </IconButton>
    </div>
  );
}
