// Labelled controls. A label is always there for the eye or, with `hideLabel`, for the ear alone;
// an error takes the hint's place and is tied to the control.
import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import { classes } from "./css";
import styles from "./Field.module.css";

interface FieldParts {
  label: string;
  hideLabel?: boolean;
  hint?: ReactNode;
  error?: string | null;
  mono?: boolean;
}

interface ControlIds {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

function Field(props: FieldParts & { children: (ids: ControlIds) => ReactNode }) {
  const id = useId();
  const { label, hideLabel, hint, error, children } = props;
  const note = error ? `${id}-error` : hint ? `${id}-hint` : undefined;
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={hideLabel ? "unseen" : styles.label}>
        {label}
      </label>
      {children({ id, "aria-describedby": note, "aria-invalid": error ? true : undefined })}
      {error ? (
        <p id={note} role="alert" className={styles.error}>
          {error}
        </p>
      ) : (
        hint && (
          <p id={note} className={styles.hint}>
            {hint}
          </p>
        )
      )}
    </div>
  );
}

export interface TextFieldProps extends FieldParts, InputHTMLAttributes<HTMLInputElement> {
  ref?: Ref<HTMLInputElement>;
}

export function TextField({ label, hideLabel, hint, error, mono, className, ...rest }: TextFieldProps) {
  return (
    <Field {...{ label, hideLabel, hint, error }}>
      {(ids) => (
        <input
          type="text"
          autoComplete="off"
          spellCheck={false}
          {...rest}
          {...ids}
          className={classes(styles.control, mono && styles.mono, className)}
        />
      )}
    </Field>
  );
}

export interface TextAreaProps extends FieldParts, TextareaHTMLAttributes<HTMLTextAreaElement> {
  ref?: Ref<HTMLTextAreaElement>;
}

export function TextArea({ label, hideLabel, hint, error, mono, className, ...rest }: TextAreaProps) {
  return (
    <Field {...{ label, hideLabel, hint, error }}>
      {(ids) => (
        <textarea
          rows={6}
          {...rest}
          {...ids}
          className={classes(styles.control, styles.area, mono && styles.mono, className)}
        />
      )}
    </Field>
  );
}

export interface SelectProps extends FieldParts, SelectHTMLAttributes<HTMLSelectElement> {
  options: readonly { value: string; label: string; disabled?: boolean }[];
}

export function Select({ label, hideLabel, hint, error, mono, options, className, ...rest }: SelectProps) {
  return (
    <Field {...{ label, hideLabel, hint, error }}>
      {(ids) => (
        <span className={styles.selectWrap}>
          <select {...rest} {...ids} className={classes(styles.control, styles.select, mono && styles.mono, className)}>
            {options.map((option) => (
              <option key={option.value} value={option.value} disabled={option.disabled}>
                {option.label}
              </option>
            ))}
          </select>
        </span>
      )}
    </Field>
  );
}

export interface CheckboxProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "type"> {
  label: ReactNode;
  hint?: ReactNode;
}

export function Checkbox({ label, hint, className, ...rest }: CheckboxProps) {
  const id = useId();
  return (
    <div className={classes(styles.check, className)}>
      <input {...rest} id={id} type="checkbox" aria-describedby={hint ? `${id}-hint` : undefined} />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <p id={`${id}-hint`} className={styles.hint}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
