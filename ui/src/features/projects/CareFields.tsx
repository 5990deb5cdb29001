// When a person is called to the project's cards, what else happens then, and how long its runs may take.
import { Checkbox, TextField } from "../../components/Field";
import { isMinutes, LIMITS } from "../../data/limits";
import styles from "./Projects.module.css";
import { type PolicyDraft, wholeNumber } from "./policy";

export interface CareFieldsProps {
  draft: PolicyDraft;
  /** Something was no number when it should have been saved. */
  wrong: boolean;
  onChange(fields: Partial<PolicyDraft>): void;
}

export function CareFields({ draft, wrong, onChange }: CareFieldsProps) {
  const count = (name: "callAfter" | "callAfterMinutes" | "stopWorkflow") => ({
    inputMode: "numeric" as const,
    placeholder: "never",
    value: draft[name],
    error: wrong && Number.isNaN(wholeNumber(draft[name])) ? "A whole number, or nothing." : null,
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value }),
  });
  return (
    <>
      <h3 className={styles.part}>When it keeps failing</h3>
      <TextField
        label="Call me after failures of a card"
        hint="It is then among the cards that need you, and says so in a comment."
        {...count("callAfter")}
      />
      <TextField label="Call me when it fails for longer, in minutes" {...count("callAfterMinutes")} />
      <TextField
        label="Stop a workflow after failures"
        hint="Of all cards that dependencies join. It says how far it came, and goes on when you resume it."
        {...count("stopWorkflow")}
      />
      <div className={styles.stack}>
        <Checkbox
          label="The card is then mine"
          hint="No agent tries it again until you queue it."
          checked={draft.handOver}
          onChange={(event) => onChange({ handOver: event.target.checked })}
        />
        <Checkbox
          label="Pause the project then"
          checked={draft.pauseThen}
          onChange={(event) => onChange({ pauseThen: event.target.checked })}
        />
      </div>
      <h3 className={styles.part}>Time limits</h3>
      {LIMITS.map(({ name, label, hint }) => (
        <TextField
          key={name}
          label={label}
          hint={hint}
          inputMode="decimal"
          placeholder="as the board has it"
          value={draft.limits[name]}
          error={wrong && !isMinutes(draft.limits[name]) ? "A number of minutes, or nothing." : null}
          onChange={(event) => onChange({ limits: { ...draft.limits, [name]: event.target.value } })}
        />
      ))}
    </>
  );
}
