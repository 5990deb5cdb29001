// The part of a project's settings that is about the queue.
import type { ReactNode } from "react";
import { Checkbox, TextField } from "../../components/Field";
import { isWait, WAIT_HINT, WRONG_WAIT } from "../../data/retries";
import styles from "./Projects.module.css";
import { type PolicyDraft, wholeNumber } from "./policy";

export interface PolicyFieldsProps {
  draft: PolicyDraft;
  /** Something was no number when it should have been saved. */
  wrong: boolean;
  onChange(fields: Partial<PolicyDraft>): void;
  /** The agents' field. */
  children: ReactNode;
}

export function PolicyFields({ draft, wrong, onChange, children }: PolicyFieldsProps) {
  const errorOf = (text: string) => (wrong && Number.isNaN(wholeNumber(text)) ? "A whole number, or nothing." : null);
  return (
    <>
      <h3 className={styles.part}>Queue</h3>
      <Checkbox
        className={styles.wide}
        label="Ready cards start by themselves"
        hint="A card that comes to Ready is queued at once; without this you queue each card yourself."
        checked={draft.dispatch}
        onChange={(event) => onChange({ dispatch: event.target.checked })}
      />
      {children}
      <div className={styles.stack}>
        <TextField
          label="Runs at one time"
          inputMode="numeric"
          placeholder="no limit of its own"
          error={errorOf(draft.limit)}
          value={draft.limit}
          onChange={(event) => onChange({ limit: event.target.value })}
        />
        <TextField
          label="Runs at one time in one repository"
          inputMode="numeric"
          placeholder="no limit"
          hint="Counted over all projects that share the repository; the lowest of their limits holds."
          error={errorOf(draft.repositoryLimit)}
          value={draft.repositoryLimit}
          onChange={(event) => onChange({ repositoryLimit: event.target.value })}
        />
        <TextField
          label="Attempts after the first"
          inputMode="numeric"
          placeholder="by the kind of failure"
          hint="For failures that another attempt may mend, such as an exit with an error or a run too long."
          error={errorOf(draft.retries)}
          value={draft.retries}
          onChange={(event) => onChange({ retries: event.target.value })}
        />
        <TextField
          label="Wait before each of them"
          placeholder="by the kind of failure"
          hint={WAIT_HINT}
          error={wrong && !isWait(draft.wait) ? WRONG_WAIT : null}
          value={draft.wait}
          onChange={(event) => onChange({ wait: event.target.value })}
        />
      </div>
      <Checkbox
        label="Paused"
        hint="Nothing starts by itself in this project. Runs go on."
        checked={draft.paused}
        onChange={(event) => onChange({ paused: event.target.checked })}
      />
      {draft.paused && (
        <TextField
          label="Why"
          hint="Its cards say so."
          placeholder="release week"
          value={draft.reason}
          onChange={(event) => onChange({ reason: event.target.value })}
        />
      )}
    </>
  );
}
