// The demo: one press writes a card and puts the scripted agent on it, which needs no key and no
// network. The board then shows it working.
import { useState } from "react";
import { asProblem } from "../../backend/backend";
import type { Card, Problem, Project } from "../../bindings";
import { Button } from "../../components/Button";
import { InlineError } from "../../components/States";
import { act } from "../../data/actions";
import { useData } from "../../data/context";
import { DEMO_TASK } from "./demo";
import styles from "./Steps.module.css";

export interface DemoOfferProps {
  project: Project | undefined;
  onStarted(card: Card): void;
}

export function DemoOffer({ project, onStarted }: DemoOfferProps) {
  const data = useData();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const start = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const card = await act(data, "addTask", { ...DEMO_TASK, project: project?.id ?? null });
      await act(data, "startRun", { task: card.id, agent: "demo", mode: "unattended" });
      onStarted(card);
    } catch (thrown) {
      setProblem(asProblem(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className={styles.offer}>
      <Button look="primary" disabled={busy} onClick={() => void start()}>
        {busy ? "Starting the demo…" : "Watch the demo agent"}
      </Button>
      {problem && <InlineError problem={problem} />}
    </div>
  );
}
