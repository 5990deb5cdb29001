// The first run: from nothing to a card that an agent has finished, in a minute.
import { useNavigate } from "@tanstack/react-router";
import { Button } from "../components/Button";
import { ErrorState, Skeleton } from "../components/States";
import { useAction } from "../data/actions";
import { useAgents, useProjects, useSettings } from "../data/queries";
import { AgentTable } from "../features/agents/AgentTable";
import { AddProjectForm, FoundRepositories } from "../features/projects/AddProjectForm";
import { DemoOffer } from "../features/welcome/DemoOffer";
import { Step } from "../features/welcome/Steps";
import styles from "./WelcomeView.module.css";

export function WelcomeView() {
  const navigate = useNavigate();
  const settings = useSettings();
  const projects = useProjects();
  const save = useAction("putSettings");
  const leave = (then: () => void) => {
    if (!settings.data || settings.data.welcomed) return then();
    // Until it is known that we were welcomed, the board leads back here.
    save.mutate({ ...settings.data, welcomed: true }, { onSettled: then });
  };
  const toBoard = () => void navigate({ to: "/" });
  const added = projects.data?.map((project) => project.name) ?? [];
  return (
    <main className={styles.page}>
      <div className={styles.column}>
        <div>
          <h1 className={styles.title}>Cards that agents work on</h1>
          <p className={styles.note}>
            Write down what needs doing, drag the card to In flight, and a coding agent works on it in a terminal that
            you can watch and type into. Everything stays on this machine.
          </p>
        </div>
        <Step
          number={1}
          title="Agents on this machine"
          note="Found on your login shell’s PATH. One is enough; the demo needs none."
        >
          <FoundAgents />
        </Step>
        <Step
          number={2}
          title="A project"
          note={
            added.length > 0
              ? `On the board: ${added.join(", ")}.`
              : "A git repository or any folder. Agents work on a copy, not in your checkout."
          }
          done={added.length > 0}
        >
          <FoundRepositories />
          <AddProjectForm />
        </Step>
        <Step
          number={3}
          title="The first card"
          note="The demo agent is a script that comes with Flightboard: no key, no network, finished within a minute."
        >
          <DemoOffer
            project={projects.data?.[0]}
            onStarted={(card) => leave(() => void navigate({ to: "/task/$id", params: { id: card.id } }))}
          />
        </Step>
        <div className={styles.foot}>
          <Button onClick={() => leave(toBoard)}>{added.length > 0 ? "To the board" : "Skip to the board"}</Button>
        </div>
      </div>
    </main>
  );
}

function FoundAgents() {
  const agents = useAgents();
  if (agents.isError) return <ErrorState problem={agents.error} onRetry={() => void agents.refetch()} />;
  if (!agents.data) return <Skeleton lines={5} height={28} label="Looking for agents" />;
  return <AgentTable agents={agents.data} />;
}
