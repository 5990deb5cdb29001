// Adding an agent and changing one: its program, what it is told, what it can do. The engine checks all of it;
// what it refuses stands at the foot, in its own words.
import { type ComponentType, type FormEvent, type KeyboardEvent, useState } from "react";
import type { Agent, AgentTrial, Role } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Checkbox, Select, TextField } from "../../components/Field";
import { Kbd } from "../../components/Kbd";
import { ListField } from "../../components/ListField";
import { InlineError } from "../../components/States";
import { WordsField } from "../../components/WordsField";
import { useAction } from "../../data/actions";
import { isWait, WAIT_HINT, WRONG_WAIT } from "../../data/retries";
import styles from "./AgentDialog.module.css";
import { type AgentDraft, BLANK, draftOf, profileOf, requestOf } from "./draft";
import { RoleField } from "./RoleField";
import { TrialResult } from "./TrialResult";
import { VariablesField } from "./VariablesField";

export interface EditorProps {
  label: string;
  hint: string;
  value: string;
  onChange(value: string): void;
}

export interface AgentDialogProps {
  /** None: a new one. */
  agent: Agent | null;
  /** The built-in agents, whose kinds may be chosen. */
  kinds: Agent[];
  roles: Role[];
  /** A Markdown editor; it belongs to another feature. */
  editor: ComponentType<EditorProps>;
  onSaved(): void;
  onClose(): void;
}

export function AgentDialog({ agent, kinds, roles, editor: Editor, onSaved, onClose }: AgentDialogProps) {
  const [draft, setDraft] = useState<AgentDraft>(() => (agent ? draftOf(agent) : BLANK));
  const [nameless, setNameless] = useState(false);
  const register = useAction("registerAgent");
  const set = (fields: Partial<AgentDraft>) => setDraft((before) => ({ ...before, ...fields }));
  const kind = kinds.find((one) => one.name === draft.kind);
  const custom = draft.kind === "custom";

  const submit = () => {
    if (draft.name.trim() === "") return setNameless(true);
    register.mutate(requestOf(draft, agent ?? undefined), { onSuccess: onSaved });
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    submit();
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={agent ? `Edit ${agent.title}` : "Add an agent"}
      width={720}
      foot={
        <>
          {register.error && <InlineError problem={register.error} />}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="agent" look="primary" disabled={register.isPending}>
            {agent ? "Save" : "Add agent"} <Kbd>Ctrl ↵</Kbd>
          </Button>
        </>
      }
    >
      <form id="agent" className={styles.form} onSubmit={onSubmit} onKeyDown={onKeyDown}>
        <div className={styles.three}>
          <TextField
            label="Name"
            mono
            placeholder="scout"
            hint="a–z, 0–9, “.”, “_” and “-”."
            value={draft.name}
            error={nameless ? "Give it a name." : null}
            autoFocus={!agent}
            readOnly={agent !== null}
            onChange={(event) => {
              setNameless(false);
              set({ name: event.target.value });
            }}
          />
          <TextField
            label="Title"
            placeholder={agent?.builtin ? agent.title : draft.name || "Scout"}
            hint="As the board calls it."
            value={draft.title}
            onChange={(event) => set({ title: event.target.value })}
          />
          <Select
            label="Kind"
            hint={custom ? "Any program." : `Started and read as ${kind?.title ?? draft.kind}.`}
            value={draft.kind}
            disabled={agent?.builtin}
            options={kinds.map((one) => ({ value: one.name, label: one.title }))}
            onChange={(event) => set({ kind: event.target.value })}
          />
        </div>
        <ProgramFields draft={draft} agent={agent} kind={kind} custom={custom} onChange={set} />
        <ListField
          label={custom ? "Arguments" : "More arguments"}
          item="Argument"
          hint="One word each; no shell. {prompt}, {workspace}, {artifacts}, {task_file}, {run_dir}, {title}, {key}, {model} and {session} are filled in."
          values={draft.args}
          onChange={(args) => set({ args })}
        />
        <VariablesField variables={draft.variables} onChange={(variables) => set({ variables })} />
        <RoleField role={draft.role} roles={roles} onChange={(role) => set({ role })} />
        <div>
          <h3 className={styles.label}>Instructions</h3>
          <Editor
            label="Instructions"
            hint={instructionsHint(draft.role, roles)}
            value={draft.instructions}
            onChange={(instructions) => set({ instructions })}
          />
          <RoleText role={draft.role} roles={roles} draft={draft} onChange={set} />
        </div>
        <div className={styles.three}>
          <WordsField
            label="Skills"
            placeholder="rust, deploy"
            hint="Words that cards can ask for."
            words={draft.skills}
            onChange={(skills) => set({ skills })}
          />
          <TextField
            label="Tasks at once"
            type="number"
            min={1}
            max={64}
            value={draft.capacity}
            onChange={(event) => set({ capacity: event.target.value })}
          />
          <TextField
            label="Model"
            mono
            placeholder="its own choice"
            value={draft.model}
            onChange={(event) => set({ model: event.target.value })}
          />
        </div>
        <div className={styles.three}>
          <TextField
            label="Attempts after the first"
            inputMode="numeric"
            placeholder="as its projects have it"
            hint="When it fails in a way that another attempt may mend. A card's own number comes first."
            value={draft.retries}
            onChange={(event) => set({ retries: event.target.value })}
          />
          <TextField
            label="Wait before each of them"
            placeholder="as its projects have it"
            hint={WAIT_HINT}
            error={isWait(draft.wait) ? null : WRONG_WAIT}
            value={draft.wait}
            onChange={(event) => set({ wait: event.target.value })}
          />
          <TextField
            label="Rests after failures in a row"
            inputMode="numeric"
            placeholder="as the board has it"
            value={draft.threshold}
            onChange={(event) => set({ threshold: event.target.value })}
          />
          <TextField
            label="Rests at first, in minutes"
            inputMode="decimal"
            placeholder="1"
            value={draft.coolDown}
            onChange={(event) => set({ coolDown: event.target.value })}
          />
        </div>
        <Checkbox
          label="Give it work"
          hint="Switched off it stays on the list and is not started."
          checked={draft.enabled}
          onChange={(event) => set({ enabled: event.target.checked })}
        />
      </form>
    </Dialog>
  );
}

interface ProgramProps {
  draft: AgentDraft;
  agent: Agent | null;
  kind: Agent | undefined;
  custom: boolean;
  onChange(fields: Partial<AgentDraft>): void;
}

function ProgramFields({ draft, agent, kind, custom, onChange }: ProgramProps) {
  const attempt = useAction("tryAgent");
  const [trial, setTrial] = useState<AgentTrial | null>(null);
  const tried = () =>
    attempt.mutate({ kind: draft.kind, profile: profileOf(draft, agent?.profile) }, { onSuccess: setTrial });
  const nothing = custom && draft.program.trim() === "";
  return (
    <div className={styles.program}>
      <TextField
        label="Program"
        mono
        placeholder={custom ? "my-agent" : kind?.program}
        hint={custom ? "On your PATH, or an absolute path. Empty: it fetches its own work." : "Empty: the usual one."}
        value={draft.program}
        onChange={(event) => onChange({ program: event.target.value })}
      />
      <TextField
        label="Tells its version by"
        mono
        placeholder={custom ? "--version" : "as usual"}
        hint={custom ? "Empty: it is never asked." : undefined}
        value={draft.versionArgs}
        onChange={(event) => onChange({ versionArgs: event.target.value })}
      />
      <Button className={styles.beside} disabled={nothing || attempt.isPending} onClick={tried}>
        {attempt.isPending ? "Trying…" : "Try it"}
      </Button>
      {attempt.error && <InlineError problem={attempt.error} />}
      {trial && !attempt.error && <TrialResult trial={trial} onClose={() => setTrial(null)} />}
    </div>
  );
}

function instructionsHint(role: string, roles: Role[]): string {
  const known = roles.find((one) => one.name === role);
  const empty = known ? ` Left empty, it is told what every ${known.title.toLowerCase()} is told.` : "";
  return `Markdown; written into TASK.md under “Your role” with each task.${empty}`;
}

/** What a role brings along, to be read, or taken over and changed. */
function RoleText({
  role,
  roles,
  draft,
  onChange,
}: { role: string; roles: Role[] } & Pick<ProgramProps, "draft" | "onChange">) {
  const known = roles.find((one) => one.name === role);
  if (!known || draft.instructions.trim() !== "") return null;
  return (
    <details className={styles.roleText}>
      <summary>What a {known.title.toLowerCase()} is told</summary>
      <pre>{known.instructions.trim()}</pre>
      <Button size="small" onClick={() => onChange({ instructions: known.instructions.trim() })}>
        Take it over and change it
      </Button>
    </details>
  );
}
