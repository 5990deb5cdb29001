// Which agent, and how: the agents that were found first, the others with the line that installs them.
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { Agent, Mode, Settings } from "../../bindings";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { classes } from "../../components/css";
import { Dialog } from "../../components/Dialog";
import { Checkbox, TextField } from "../../components/Field";
import { ErrorState, Skeleton } from "../../components/States";
import { Dot } from "../../components/StatusWord";
import { useAction } from "../../data/actions";
import { splitCommand } from "../../data/argv";
import { useAgents, useCards, useProjects, useSettings } from "../../data/queries";
import styles from "./AgentPicker.module.css";
import type { LaunchRequest } from "./Launcher";
import { lastChoice, rememberChoice } from "./lastChoice";

export interface Choice {
  agent: string;
  mode: Mode;
  model: string | null;
  argv: string[] | null;
  skip_permissions: boolean;
}

export interface AgentPickerProps {
  request: LaunchRequest;
  onStart(choice: Choice): void;
  onClose(): void;
}

export function AgentPicker({ request, onStart, onClose }: AgentPickerProps) {
  const agents = useAgents();
  const settings = useSettings();
  const preferred = usePreferred(request, settings.data);
  const title = useTitle(request);
  if (agents.isError || settings.isError) {
    const problem = agents.error ?? settings.error;
    return (
      <Dialog open title={title} onClose={onClose}>
        {problem && <ErrorState problem={problem} onRetry={() => void agents.refetch()} />}
      </Dialog>
    );
  }
  if (!agents.data || !settings.data || preferred === undefined) {
    return (
      <Dialog open title={title} onClose={onClose}>
        <Skeleton lines={4} height={28} />
      </Dialog>
    );
  }
  const first = firstAgent(agents.data, preferred);
  return <Form {...{ title, onStart, onClose, first }} agents={agents.data} settings={settings.data} />;
}

interface FormProps {
  title: string;
  agents: Agent[];
  settings: Settings;
  first: string | null;
  onStart(choice: Choice): void;
  onClose(): void;
}

function Form({ title, agents, settings, first, onStart, onClose }: FormProps) {
  const [name, setName] = useState(first);
  const agent = agents.find((candidate) => candidate.name === name) ?? null;
  const [draft, setDraft] = useState(() => draftFor(agent));
  const [error, setError] = useState<string | null>(null);
  const save = useAction("putSettings");

  const pick = (next: Agent) => {
    setName(next.name);
    setDraft(draftFor(next));
    setError(null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!agent) return;
    const argv = agent.name === "custom" ? splitCommand(draft.command) : null;
    if (argv && argv.length === 0) return setError("Write the command to run.");
    rememberChoice(agent.name, { mode: draft.mode, model: draft.model, command: draft.command });
    if (settings.last_agent !== agent.name) save.mutate({ ...settings, last_agent: agent.name });
    const { mode, model, skip } = draft;
    onStart({ agent: agent.name, mode, model: model.trim() || null, argv, skip_permissions: skip });
  };

  const found = agents.filter(isFound);
  const missing = agents.filter((candidate) => candidate.enabled && candidate.install && !isFound(candidate));
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      width={520}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="agent-picker" look="primary" disabled={!agent}>
            Start {agent?.title ?? "agent"}
          </Button>
        </>
      }
    >
      <form id="agent-picker" onSubmit={submit} className={styles.form}>
        {found.length === 0 && <p>No agent was found on this machine. Install one of these, then try again.</p>}
        <AgentList agents={found} current={name} onPick={pick} />
        {agent && <Options agent={agent} draft={draft} error={error} onChange={setDraft} />}
        {missing.length > 0 && <Missing agents={missing} open={found.length === 0} />}
      </form>
    </Dialog>
  );
}

function AgentList({
  agents,
  current,
  onPick,
}: {
  agents: Agent[];
  current: string | null;
  onPick(agent: Agent): void;
}) {
  return (
    <div role="radiogroup" aria-label="Agent" className={styles.agents}>
      {agents.map((agent) => (
        <label key={agent.name} className={classes(styles.agent, agent.name === current && styles.current)}>
          <input
            type="radio"
            name="agent"
            className="unseen"
            checked={agent.name === current}
            // biome-ignore lint/a11y/noAutofocus: the dialog's first question.
            autoFocus={agent.name === current}
            onChange={() => onPick(agent)}
            onKeyDown={submitOnEnter}
          />
          <Dot tone={agent.problem ? "held" : "good"} />
          <span className={styles.title}>{agent.title}</span>
          <span className={styles.version}>{agent.version}</span>
          {agent.role && <span className={styles.version}>{agent.role}</span>}
          {agent.live > 0 && <span className={styles.version}>{agent.live} live</span>}
          {agent.problem && <span className={styles.problem}>{agent.problem}</span>}
        </label>
      ))}
    </div>
  );
}

interface Draft {
  mode: Mode;
  model: string;
  command: string;
  skip: boolean;
}

interface OptionsProps {
  agent: Agent;
  draft: Draft;
  error: string | null;
  onChange(draft: Draft): void;
}

function Options({ agent, draft, error, onChange }: OptionsProps) {
  const custom = agent.name === "custom";
  const plain = agent.kind === "custom" || agent.kind === "demo";
  return (
    <div className={styles.options}>
      {custom && (
        <TextField
          label="Command"
          mono
          placeholder="make test"
          value={draft.command}
          error={error}
          hint="{workspace}, {task_file}, {prompt} and {title} are filled in. No shell: quotes group words."
          onChange={(event) => onChange({ ...draft, command: event.target.value })}
        />
      )}
      {agent.modes.length > 1 && (
        <fieldset className={styles.modes}>
          <legend>How</legend>
          {agent.modes.map((mode) => (
            <label key={mode} className={styles.mode}>
              <input
                type="radio"
                name="mode"
                checked={draft.mode === mode}
                onChange={() => onChange({ ...draft, mode })}
              />
              <span>
                {MODES[mode].name}
                <small>{MODES[mode].note}</small>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {!plain && (
        <TextField
          label="Model"
          mono
          placeholder={agent.model ?? "the agent’s own choice"}
          value={draft.model}
          onChange={(event) => onChange({ ...draft, model: event.target.value })}
        />
      )}
      {!plain && (
        <Checkbox
          label="Skip its permission checks"
          hint="It then runs any command without asking. Only where nothing can be lost."
          checked={draft.skip}
          onChange={(event) => onChange({ ...draft, skip: event.target.checked })}
        />
      )}
    </div>
  );
}

const MODES: Record<Mode, { name: string; note: string }> = {
  interactive: { name: "Interactive", note: "its own screen; you can type into it" },
  unattended: { name: "Unattended", note: "works alone and ends by itself" },
};

function Missing({ agents, open }: { agents: Agent[]; open: boolean }) {
  return (
    <details className={styles.missing} open={open}>
      <summary>Not installed ({agents.length})</summary>
      <ul>
        {agents.map((agent) => (
          <li key={agent.name} className={styles.missingRow}>
            <Dot tone="unknown" />
            <span className={styles.title}>{agent.title}</span>
            <code className={styles.install}>{agent.install}</code>
            <CopyButton text={agent.install} label={`Copy the line that installs ${agent.title}`} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function submitOnEnter(event: KeyboardEvent<HTMLInputElement>): void {
  if (event.key !== "Enter") return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}

function isFound(agent: Agent): boolean {
  return agent.enabled && (agent.path !== null || agent.name === "custom" || agent.name === "demo");
}

function draftFor(agent: Agent | null): Draft {
  const last = lastChoice(agent?.name ?? "");
  const offered = agent?.modes ?? [];
  const mode = last.mode && offered.includes(last.mode) ? last.mode : (offered[0] ?? "interactive");
  // Permission checks are never switched off by habit.
  return { mode, model: last.model, command: last.command, skip: false };
}

/** Asked-for, the card's, the project's own, the last used; undefined while that is not known yet. */
function usePreferred(request: LaunchRequest, settings: Settings | undefined): (string | null)[] | undefined {
  const cards = useCards();
  const projects = useProjects();
  if (projects.isPending || !settings) return undefined;
  const card = request.tasks[0] === undefined ? undefined : cards.card(request.tasks[0]);
  const own = projects.data?.find((candidate) => candidate.id === card?.project)?.settings.agent ?? null;
  return [request.agent ?? null, card?.assignee ?? null, own, settings.last_agent ?? null];
}

function firstAgent(agents: Agent[], preferred: (string | null)[]): string | null {
  const found = agents.filter(isFound);
  const wish = preferred.find((name) => found.some((agent) => agent.name === name));
  return wish ?? found.find((agent) => agent.path !== null && !agent.problem)?.name ?? found[0]?.name ?? null;
}

function useTitle({ tasks, resume }: LaunchRequest): string {
  const cards = useCards();
  const verb = resume === undefined ? "Run" : "Resume";
  const key = tasks.length === 1 && tasks[0] !== undefined ? cards.card(tasks[0])?.key : undefined;
  return `${verb} ${key ?? `${tasks.length} cards`} with…`;
}
