// The bar under a terminal that takes no more input: how the run ended, or that the link was lost.
import type { Exited } from "../../../backend/backend";
import type { Problem, Run } from "../../../bindings";
import { Button } from "../../../components/Button";
import { clockTime, exitWords, span } from "../words";
import styles from "./Terminal.module.css";

export function Exit({ exit, run }: { exit: Exited; run: Run }) {
  const started = run.started_at;
  return (
    <p className={styles.ended} role="status">
      <span>
        {exitWords(exit)} · {clockTime(exit.ended_at)}
      </span>
      {started !== null && <span className={styles.dim}>after {span(exit.ended_at - started)}</span>}
      {run.survivors.length > 0 && <span className={styles.bad}>still running: {run.survivors.join(", ")}</span>}
    </p>
  );
}

export function Lost({ problem, onReconnect }: { problem: Problem; onReconnect(): void }) {
  return (
    <div className={styles.ended} role="alert">
      <span className={styles.bad}>{problem.message}</span>
      <span className={styles.dim}>The agent is not affected.</span>
      <Button size="small" onClick={onReconnect}>
        Reconnect
      </Button>
    </div>
  );
}
