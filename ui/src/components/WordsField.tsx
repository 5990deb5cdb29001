// Short words as chips with a box behind them: Enter, a comma or a blank adds one, Backspace takes the last.
import { type KeyboardEvent, type ReactNode, useId, useState } from "react";
import { Chip } from "./Chip";
import field from "./Field.module.css";
import styles from "./WordsField.module.css";

export interface WordsFieldProps {
  label: string;
  hint?: ReactNode;
  placeholder?: string;
  words: string[];
  onChange(words: string[]): void;
}

export function WordsField({ label, hint, placeholder, words, onChange }: WordsFieldProps) {
  const id = useId();
  const [text, setText] = useState("");
  const take = (typed: string) => {
    const fresh = typed
      .split(/[\s,]+/)
      .filter((word, at, all) => word && !words.includes(word) && all.indexOf(word) === at);
    if (fresh.length > 0) onChange([...words, ...fresh]);
    setText("");
  };
  const type = (typed: string) => (/[\s,]/.test(typed) ? take(typed) : setText(typed));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && text !== "" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      take(text);
    } else if (event.key === "Backspace" && text === "") onChange(words.slice(0, -1));
  };
  return (
    <div className={field.field}>
      <label htmlFor={id} className={field.label}>
        {label}
      </label>
      <div className={styles.box}>
        {words.map((word) => (
          <Chip key={word} onRemove={() => onChange(words.filter((other) => other !== word))}>
            {word}
          </Chip>
        ))}
        <input
          id={id}
          type="text"
          className={styles.input}
          aria-describedby={hint ? `${id}-hint` : undefined}
          placeholder={words.length === 0 ? placeholder : undefined}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => type(event.target.value)}
          onBlur={() => take(text)}
          onKeyDown={onKeyDown}
        />
      </div>
      {hint && (
        <p id={`${id}-hint`} className={field.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}
