// The Artifacts tab: what the runs left behind, listed on the left, the chosen one shown on the right.
import type { ReactNode } from "react";
import type { Artifact, Run } from "../../bindings";
import { EmptyState } from "../../components/States";
import { sizeWords } from "../../components/size";
import { RelativeTime } from "../../components/Time";
import styles from "./ArtifactsView.module.css";
import { ArtifactViewer } from "./ArtifactViewer";

/** Draws a diff; the page brings the diff view of another feature. */
export type DrawDiff = (title: string, patch: string, cut: boolean) => ReactNode;

export interface ArtifactsViewProps {
  artifacts: readonly Artifact[];
  runs: readonly Run[];
  /** The chosen artifact; null shows the newest. */
  chosen: number | null;
  live: boolean;
  onChoose(id: number): void;
  drawDiff: DrawDiff;
}

export default function ArtifactsView({ artifacts, runs, chosen, live, onChoose, drawDiff }: ArtifactsViewProps) {
  if (artifacts.length === 0) {
    return (
      <EmptyState title="No artifacts yet">
        {live
          ? "Files that the agent puts into artifacts/ appear here while it works."
          : "An agent leaves its results in artifacts/ of its workspace; they are kept here when the workspace goes."}
      </EmptyState>
    );
  }
  const newest = [...artifacts].sort((a, b) => b.at - a.at || b.id - a.id);
  const shown = newest.find((artifact) => artifact.id === chosen) ?? newest[0];
  return (
    <div className={styles.view}>
      <ul className={styles.list} aria-label="Artifacts">
        {newest.map((artifact) => (
          <li key={artifact.id}>
            <ArtifactRow
              artifact={artifact}
              attempt={runs.length > 1 ? attemptOf(runs, artifact.run) : null}
              current={artifact === shown}
              onChoose={onChoose}
            />
          </li>
        ))}
      </ul>
      <div className={styles.shown}>
        {shown && (
          <ArtifactViewer
            key={`${shown.id}-${shown.hash}`}
            artifact={shown}
            run={runs.find((run) => run.id === shown.run) ?? null}
            drawDiff={drawDiff}
          />
        )}
      </div>
    </div>
  );
}

function attemptOf(runs: readonly Run[], id: number): number | null {
  return runs.find((run) => run.id === id)?.attempt ?? null;
}

interface ArtifactRowProps {
  artifact: Artifact;
  attempt: number | null;
  current: boolean;
  onChoose(id: number): void;
}

function ArtifactRow({ artifact, attempt, current, onChoose }: ArtifactRowProps) {
  const slash = artifact.path.lastIndexOf("/") + 1;
  return (
    <button
      type="button"
      className={styles.row}
      aria-current={current || undefined}
      title={artifact.path}
      onClick={() => onChoose(artifact.id)}
    >
      <span className={styles.name}>
        <span className={styles.folder}>{artifact.path.slice(0, slash)}</span>
        {artifact.path.slice(slash)}
      </span>
      <span className={styles.facts}>
        {artifact.kind} · {sizeWords(artifact.size)}
        {attempt !== null && ` · run ${attempt}`} · <RelativeTime at={artifact.at} />
      </span>
    </button>
  );
}
