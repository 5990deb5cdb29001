// A limit on money, tokens and time, with what happens before and at its end. Used for the day, a project's
// day and a card: the page that has such a limit hands this in.
import { useState } from "react";
import type { AtLimit, Budget } from "../../bindings";
import { Select, TextField } from "../../components/Field";
import styles from "./Money.module.css";
import { type BudgetDraft, budgetOf, draftOf } from "./money";

const AT_LIMIT: { value: AtLimit; label: string }[] = [
  { value: "stop", label: "Stop the run" },
  { value: "ask", label: "Ask: it goes on, nothing new starts" },
];

export interface BudgetEditorProps {
  /** “Each day”. */
  label: string;
  hint: string;
  budget: Budget;
  /** Null while something that was typed is no budget. */
  onChange(budget: Budget | null): void;
}

export function BudgetEditor({ label, hint, budget, onChange }: BudgetEditorProps) {
  const [draft, setDraft] = useState(() => draftOf(budget));
  const typed = budgetOf(draft);
  const errors = "errors" in typed ? typed.errors : {};
  const set = (fields: Partial<BudgetDraft>) => {
    const next = { ...draft, ...fields };
    setDraft(next);
    const read = budgetOf(next);
    onChange("budget" in read ? read.budget : null);
  };
  return (
    <fieldset className={styles.box}>
      <legend className={styles.legend}>{label}</legend>
      <div className={styles.amounts}>
        <TextField
          label="US dollars"
          inputMode="decimal"
          placeholder="no limit"
          value={draft.money}
          error={errors.money}
          onChange={(event) => set({ money: event.target.value })}
        />
        <TextField
          label="Tokens"
          inputMode="numeric"
          placeholder="no limit"
          value={draft.tokens}
          error={errors.tokens}
          onChange={(event) => set({ tokens: event.target.value })}
        />
        <TextField
          label="Minutes at work"
          inputMode="decimal"
          placeholder="no limit"
          value={draft.minutes}
          error={errors.minutes}
          onChange={(event) => set({ minutes: event.target.value })}
        />
        <TextField
          label="Warn at, in per cent"
          inputMode="decimal"
          value={draft.warn}
          error={errors.warn}
          onChange={(event) => set({ warn: event.target.value })}
        />
        <Select
          label="When it is used up"
          value={draft.atLimit}
          options={AT_LIMIT}
          onChange={(event) => set({ atLimit: event.target.value as AtLimit })}
        />
      </div>
      <p className={styles.hint}>{hint}</p>
    </fieldset>
  );
}
