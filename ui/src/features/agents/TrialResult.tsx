// What an agent's program said when it was tried, or why it did not start.
import type { AgentTrial } from "../../bindings";
import { IconButton } from "../../components/Button";
import { CloseIcon } from "../../components/icons";
import { StatusWord } from "../../components/StatusWord";
import styles from "./TrialResult.module.css";

export function TrialResult({ trial, onClose }: { trial: AgentTrial; onClose(): void }) {
  const said = trial.said.trim();
  return (
    <div className={styles.trial} role="status">
      <div className={styles.head}>
        <StatusWord tone={trial.problem ? "bad" : "good"}>
          {trial.problem ? "does not start" : said ? "starts" : "is there"}
        </StatusWord>
        <span className={styles.path}>{trial.path}</span>
        <IconButton size="small" label="Close the result" onClick={onClose}>
          <CloseIcon />
        </IconButton>
      </div>
      {trial.problem && <p>{trial.problem}</p>}
      {said && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keyboard.
        <pre className={styles.said} tabIndex={0}>
          {said}
        </pre>
      )}
      {!said && !trial.problem && <p>It was not started: no argument is set that makes it tell its version.</p>}
    </div>
  );
}
