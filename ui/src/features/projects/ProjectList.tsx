// The projects: where they are, what is wrong with them, their settings, and taking one off the list.
import { type ComponentType, type FormEvent, useState } from "react";
import type { Agent, Gate, Project, ProjectSettings } from "../../bindings";
import { Button } from "../../components/Button";
import { ConfirmDialog } from "../../components/Dialog";
import { Checkbox, Select, TextField } from "../../components/Field";
import { OrderField } from "../../components/OrderField";
import { InlineError } from "../../components/States";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { joinCommand, splitCommand } from "../../data/argv";
import { openByProject } from "../../data/cards";
import { useCount } from "../../data/queries";
import { CareFields } from "./CareFields";
import { PolicyFields } from "./PolicyFields";
import { type BudgetEditor, budgetsOf, ProjectBudgets, withBudgets } from "./ProjectBudgets";
import styles from "./Projects.module.css";
import { policyOf, settingsOf } from "./policy";
import { Repositories } from "./Repositories";

export interface ProjectListProps {
  projects: Project[];
  agents: Agent[];
  gateEditor: GateEditor;
  budgetEditor: BudgetEditor;
  onShow(project: Project): void;
}

/** Belongs to another feature; the page hands it in. */
type GateEditor = ComponentType<{ gate: Gate; agents: readonly Agent[]; onChange(gate: Gate): void }>;

export function ProjectList({ projects, onShow, ...editors }: ProjectListProps) {
  const open = useCount(openByProject);
  return (
    <ul className={styles.list} aria-label="Projects">
      {projects.map((project) => (
        <ProjectRow
          key={project.id}
          project={project}
          openCards={open[project.id] ?? 0}
          {...editors}
          onShow={() => onShow(project)}
        />
      ))}
    </ul>
  );
}

type Editors = Pick<ProjectListProps, "agents" | "gateEditor" | "budgetEditor">;
type RowProps = Editors & { project: Project; openCards: number; onShow(): void };

function ProjectRow({ project, openCards, onShow, ...editors }: RowProps) {
  const [open, setOpen] = useState(false);
  return (
    <li className={styles.project} data-testid={`project-${project.name}`}>
      <div className={styles.line}>
        <div className={styles.what}>
          <span className={styles.name}>{project.name}</span>
          <span className={styles.place}>{project.path}</span>
        </div>
        <span className={styles.when}>
          {kindOf(project)} · {openCards} open
        </span>
        <Button size="small" onClick={onShow}>
          Show on board
        </Button>
        <Button size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
          Settings
        </Button>
      </div>
      {project.problem && (
        <p role="alert" className={styles.error}>
          {project.problem}
        </p>
      )}
      {project.settings.paused && <Paused project={project} why={project.settings.paused} />}
      {open && <ProjectForm project={project} {...editors} onSaved={() => setOpen(false)} />}
      {open && project.git && !project.settings.in_place && <Repositories project={project} />}
    </li>
  );
}

/** Somebody, or the engine after too many failures, paused it. */
function Paused({ project, why }: { project: Project; why: string }) {
  const edit = useAction("editProject");
  const resume = () =>
    edit.mutate(
      { id: project.id, settings: { ...project.settings, paused: null } },
      {
        onSuccess: () => toast({ text: `${project.name} goes on.` }),
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
      },
    );
  return (
    <p className={styles.paused}>
      Paused: {why}
      <Button size="small" disabled={edit.isPending} onClick={resume}>
        Resume<span className="unseen"> {project.name}</span>
      </Button>
    </p>
  );
}

function kindOf(project: Project): string {
  if (project.repositories.length > 0) return `${project.repositories.length + 1} repositories`;
  return project.git ? "git" : "folder";
}

type FormProps = Editors & { project: Project; onSaved(): void };

function ProjectForm({ project, agents, gateEditor: GateEditor, budgetEditor, onSaved }: FormProps) {
  const [name, setName] = useState(project.name);
  const [settings, setSettings] = useState<ProjectSettings>(project.settings);
  const [setup, setSetup] = useState(joinCommand(project.settings.setup ?? []));
  const [policy, setPolicy] = useState(() => policyOf(project.settings));
  const [budgets, setBudgets] = useState(() => budgetsOf(project.settings));
  const [wrong, setWrong] = useState(false);
  const edit = useAction("editProject");
  const set = (fields: Partial<ProjectSettings>) => setSettings({ ...settings, ...fields });
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const rules = settingsOf(settings, policy);
    const typed = rules && withBudgets(rules, budgets);
    if (typed === null) {
      setWrong(true);
      // The boxes that are wrong are marked first.
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    edit.mutate(
      { id: project.id, name: name.trim(), settings: { ...typed, setup: splitCommand(setup) } },
      { onSuccess: onSaved },
    );
  };
  return (
    <form className={styles.form} onSubmit={save} aria-label={`Settings of ${project.name}`}>
      <TextField label="Name" value={name} onChange={(event) => setName(event.target.value)} />
      <Select
        label="Agent offered first"
        value={settings.agent ?? ""}
        options={[
          { value: "", label: "The one used last" },
          ...agents.map((agent) => ({ value: agent.name, label: agent.title })),
        ]}
        onChange={(event) => set({ agent: event.target.value || null })}
      />
      {project.git && (
        <TextField
          label="Start worktrees from"
          mono
          placeholder="HEAD"
          hint="A branch or commit."
          value={settings.base}
          onChange={(event) => set({ base: event.target.value })}
        />
      )}
      <TextField
        label="Setup command"
        mono
        placeholder="npm ci"
        hint="Run once in each new workspace before the agent. No shell."
        value={setup}
        onChange={(event) => setSetup(event.target.value)}
      />
      <Checkbox
        className={styles.wide}
        label="Work in the project’s own folder"
        hint={
          project.repositories.length > 0
            ? "Not while there are further repositories."
            : "No workspace of its own for each run; one run at a time."
        }
        disabled={project.repositories.length > 0}
        checked={settings.in_place}
        onChange={(event) => set({ in_place: event.target.checked })}
      />
      <Checkbox
        className={styles.wide}
        label="Trust this project"
        hint="Agents start without asking whether you trust it. Agent settings inside the project, such as .claude/settings.json, may then allow tools and run commands without asking you."
        checked={settings.trusted}
        onChange={(event) => set({ trusted: event.target.checked })}
      />
      <PolicyFields
        draft={policy}
        wrong={wrong}
        onChange={(fields) => {
          setPolicy({ ...policy, ...fields });
          setWrong(false);
        }}
      >
        <OrderField
          label="Agents that take its queued cards"
          add="Add an agent"
          empty="Those of the whole board (Queue, Rules)."
          hint="The first that is free takes the card; the rest are its fallbacks."
          options={agents.map((agent) => ({ value: agent.name, label: agent.title }))}
          values={settings.agents ?? []}
          onChange={(names) => set({ agents: names })}
        />
      </PolicyFields>
      <CareFields
        draft={policy}
        wrong={wrong}
        onChange={(fields) => {
          setPolicy({ ...policy, ...fields });
          setWrong(false);
        }}
      />
      <Checkbox
        className={styles.wide}
        label="A person looks through the inbox first"
        hint="Agents that ask for work get cards from Ready alone; without this also those in the inbox."
        checked={settings.triage ?? false}
        onChange={(event) => set({ triage: event.target.checked })}
      />
      <ProjectBudgets budgets={budgets} editor={budgetEditor} onChange={setBudgets} />
      <div className={styles.wide}>
        <GateEditor gate={settings.gate ?? []} agents={agents} onChange={(gate) => set({ gate })} />
      </div>
      {edit.error && <InlineError problem={edit.error} />}
      <div className={styles.formFoot}>
        <RemoveProject project={project} />
        <Button type="submit" look="primary" disabled={edit.isPending || name.trim() === ""}>
          Save
        </Button>
      </div>
    </form>
  );
}

function RemoveProject({ project }: { project: Project }) {
  const [asking, setAsking] = useState(false);
  const remove = useAction("removeProject");
  const go = () => {
    setAsking(false);
    remove.mutate(
      { id: project.id },
      {
        onSuccess: () => toast({ text: `${project.name} is off the list. Its folder was not touched.` }),
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
      },
    );
  };
  return (
    <>
      <Button look="bad" onClick={() => setAsking(true)}>
        Remove…
      </Button>
      <ConfirmDialog
        open={asking}
        title={`Remove ${project.name}?`}
        note={`It leaves the list; ${project.path} is not touched. This is refused while its cards have agents at work.`}
        confirm="Remove project"
        danger
        onConfirm={go}
        onClose={() => setAsking(false)}
      />
    </>
  );
}
