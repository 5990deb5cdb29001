// The agents page: how each is doing, who can work here, what each is told, and what the doctor says about the machine.
import { useState } from "react";
import type { Agent } from "../bindings";
import { Button } from "../components/Button";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { toast } from "../components/Toast";
import { useBackend } from "../data/context";
import { useAgents, useDoctor, usePlan, useRoles } from "../data/queries";
import { AgentDialog } from "../features/agents/AgentDialog";
import { AgentList } from "../features/agents/AgentList";
import { Checks } from "../features/agents/Checks";
import { MarkdownEditor } from "../features/editor/MarkdownEditor";
import { AgentLoads } from "../features/queue/AgentLoads";
import styles from "./AgentsView.module.css";
import { Page, Section } from "./Page";

export function AgentsView() {
  const agents = useAgents();
  const doctor = useDoctor();
  const roles = useRoles();
  const plan = usePlan();
  const [editing, setEditing] = useState<Agent | "new" | null>(null);
  return (
    <Page
      title="Agents"
      note="Who can be given a card. Programs are looked for on your login shell’s PATH; each agent may have a role, skills and instructions of its own."
    >
      <div className={styles.actions}>
        <Button look="primary" disabled={!agents.data || !roles.data} onClick={() => setEditing("new")}>
          Add agent
        </Button>
        <Button disabled={doctor.isFetching} onClick={() => void doctor.refetch()}>
          {doctor.isFetching ? "Looking…" : "Look again"}
        </Button>
      </div>
      {agents.isError && <ErrorState problem={agents.error} onRetry={() => void agents.refetch()} />}
      {roles.isError && <ErrorState problem={roles.error} onRetry={() => void roles.refetch()} />}
      {agents.isPending && <Skeleton lines={6} height={32} label="Loading agents" />}
      {plan.isError && <ErrorState problem={plan.error} onRetry={() => void plan.refetch()} />}
      {plan.data && (
        <Section title="How they do">
          <AgentLoads agents={plan.data.agents} />
        </Section>
      )}
      {agents.data && <Lists agents={agents.data} onEdit={setEditing} />}
      <Section title="This machine">
        {doctor.isError && <ErrorState problem={doctor.error} onRetry={() => void doctor.refetch()} />}
        {doctor.isPending && <Skeleton lines={4} height={28} label="Looking at this machine" />}
        {doctor.data && <Checks checks={doctor.data.checks} />}
      </Section>
      {editing && agents.data && (
        <AgentDialog
          agent={editing === "new" ? null : editing}
          kinds={agents.data.filter((one) => one.builtin)}
          roles={roles.data ?? []}
          editor={MarkdownEditor}
          onSaved={() => setEditing(null)}
          onClose={() => setEditing(null)}
        />
      )}
    </Page>
  );
}

function Lists({ agents, onEdit }: { agents: Agent[]; onEdit(agent: Agent): void }) {
  const backend = useBackend();
  const openDocs = (url: string) =>
    void backend.openUrl(url).catch(() => toast({ text: `The page could not be opened: ${url}`, tone: "bad" }));
  const own = agents.filter((agent) => !agent.builtin);
  return (
    <>
      <Section title="Yours">
        {own.length === 0 ? (
          <EmptyState title="No agents of your own yet.">
            Add any program as an agent, or a built-in one once more: as a reviewer, with another model, with
            instructions of its own.
          </EmptyState>
        ) : (
          <AgentList label="Your agents" agents={own} onEdit={onEdit} onOpenDocs={openDocs} />
        )}
      </Section>
      <Section title="Built in">
        <AgentList
          label="Built-in agents"
          agents={agents.filter((agent) => agent.builtin)}
          onEdit={onEdit}
          onOpenDocs={openDocs}
        />
      </Section>
    </>
  );
}
