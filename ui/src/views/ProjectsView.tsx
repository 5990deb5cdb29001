// The projects page.
import { useNavigate } from "@tanstack/react-router";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { useAgents, useProjects } from "../data/queries";
import { AddProjectForm, FoundRepositories } from "../features/projects/AddProjectForm";
import { ProjectList } from "../features/projects/ProjectList";
import { BudgetEditor } from "../features/queue/BudgetEditor";
import { GateEditor } from "../features/queue/GateEditor";
import { Page, Section } from "./Page";

export function ProjectsView() {
  return (
    <Page
      title="Projects"
      note="Folders that cards are about. An agent works on a copy of its own, never in your checkout, unless you say so."
    >
      <AddProjectForm />
      <Section title="On the board">
        <Known />
      </Section>
      <Section title="Found near your home folder">
        <FoundRepositories />
      </Section>
    </Page>
  );
}

function Known() {
  const projects = useProjects();
  const agents = useAgents();
  const navigate = useNavigate();
  if (projects.isError) return <ErrorState problem={projects.error} onRetry={() => void projects.refetch()} />;
  if (!projects.data) return <Skeleton lines={3} height={28} />;
  if (projects.data.length === 0) {
    return (
      <EmptyState title="No project yet">Add the folder of a git repository above. Plain folders work too.</EmptyState>
    );
  }
  return (
    <ProjectList
      projects={projects.data}
      agents={agents.data ?? []}
      gateEditor={GateEditor}
      budgetEditor={BudgetEditor}
      onShow={(project) => void navigate({ to: "/", search: { project: project.id } })}
    />
  );
}
