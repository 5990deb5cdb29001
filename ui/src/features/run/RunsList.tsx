// The Runs tab: every attempt at the card, newest first, and what became of its workspace.
import { useState } from "react";
import type { Run } from "../../bindings";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/CopyButton";
import { ConfirmDialog } from "../../components/Dialog";
import { EmptyState, InlineError } from "../../components/States";
import { StatusWord } from "../../components/StatusWord";
import { ElapsedTime, RelativeTime } from "../../components/Time";
import { useAction } from "../../data/actions";
import { isLive, runWord } from "../../data/words";
import styles from "./RunsList.module.css";
import { agentWords, exitWords, runSentence, shortSession, span } from "./words";

export interface RunsListProps {
  runs: readonly Run[];
  /** The run that the other tabs show. */
  shown: number | null;
  onTerminal(run: Run): void;
  onLog(run: Run): void;
  onChanges(run: Run): void;
  onResume(run: Run): void;
  /** A run is live, so none can be resumed. */
  busy: boolean;
}

export function RunsList({ runs, ...rest }: RunsListProps) {
  if (runs.length === 0) return <EmptyState title="No run yet">Each attempt at this card is listed here.</EmptyState>;
  return (
    <ul className={styles.runs} aria-label="Runs">
      {runs.map((run) => (
        <RunItem key={run.id} run={run} {...rest} />
      ))}
    </ul>
  );
}

function RunItem({
  run,
  shown,
  onTerminal,
  onLog,
  onChanges,
  onResume,
  busy,
}: Omit<RunsListProps, "runs"> & { run: Run }) {
  const word = runWord(run.status);
  return (
    <li className={styles.run} aria-current={run.id === shown || undefined} aria-label={runSentence(run)}>
      <div className={styles.head}>
        <span className={styles.attempt}>{run.attempt}</span>
        <StatusWord tone={word.tone}>{word.word}</StatusWord>
        <span className={styles.agent}>
          {agentWords(run)}
          {run.model && ` · ${run.model}`}
          {run.mode === "unattended" && " · unattended"}
        </span>
        <span className={styles.time}>
          <RunTime run={run} />
        </span>
      </div>
      {run.reason && <p className={styles.reason}>{run.reason}</p>}
      <RunFacts run={run} />
      <div className={styles.actions}>
        <Button size="small" onClick={() => onTerminal(run)}>
          Terminal
        </Button>
        <Button size="small" onClick={() => onLog(run)}>
          Log
        </Button>
        <Button size="small" onClick={() => onChanges(run)}>
          Changes
        </Button>
        {!isLive(run.status) && !busy && run.review === null && (
          <Button size="small" onClick={() => onResume(run)}>
            Resume
          </Button>
        )}
        <WorkspaceActions run={run} />
      </div>
    </li>
  );
}

function RunTime({ run }: { run: Run }) {
  if (run.started_at === null)
    return (
      <>
        created <RelativeTime at={run.created_at} /> ago
      </>
    );
  if (run.ended_at === null) return <ElapsedTime from={run.started_at} to={null} />;
  return (
    <>
      {span(run.ended_at - run.started_at)} · <RelativeTime at={run.ended_at} />
    </>
  );
}

function RunFacts({ run }: { run: Run }) {
  const { workspace } = run;
  return (
    <dl className={styles.facts}>
      {run.review !== null && <Fact name="review">step {run.review + 1} of the gate</Fact>}
      {run.rule && <Fact name="chosen by">{run.rule}</Fact>}
      {run.ended_at !== null && <Fact name="exit">{exitWords({ code: run.exit_code, signal: run.signal })}</Fact>}
      {workspace?.branch && (
        <Fact name="branch" copy={workspace.branch}>
          {workspace.branch}
        </Fact>
      )}
      {workspace && (
        <Fact name="workspace" copy={workspace.path}>
          {workspace.path}
          {!workspace.present && " (removed)"}
        </Fact>
      )}
      {workspace?.salvage && (
        <Fact name="saved work" copy={workspace.salvage}>
          {workspace.salvage}
        </Fact>
      )}
      {run.session && (
        <Fact name="session" copy={run.session}>
          {shortSession(run.session)}
        </Fact>
      )}
      {run.evidence && <Fact name="evidence">{run.evidence}</Fact>}
      {run.argv.length > 0 && <Fact name="command">{run.argv.map(quoted).join(" ")}</Fact>}
      {run.survivors.length > 0 && <Fact name="still running">{run.survivors.join(", ")}</Fact>}
    </dl>
  );
}

/** Readable, not meant for a shell. */
function quoted(word: string): string {
  const short = word.length > 120 ? `${word.slice(0, 120)}…` : word;
  return /^[\w./:=@%+,-]+$/.test(short) ? short : `“${short}”`;
}

function Fact({ name, copy, children }: { name: string; copy?: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <span>{children}</span>
        {copy && <CopyButton text={copy} label={`Copy ${name}`} />}
      </dd>
    </>
  );
}

function WorkspaceActions({ run }: { run: Run }) {
  const [asking, setAsking] = useState(false);
  const remove = useAction("removeWorkspace");
  const restore = useAction("restoreWorkspace");
  const { workspace } = run;
  if (!workspace || workspace.kind === "inplace") return null;
  if (!workspace.present) {
    return (
      <>
        <Button size="small" disabled={restore.isPending} onClick={() => restore.mutate({ run: run.id })}>
          {restore.isPending ? "Restoring…" : "Restore workspace"}
        </Button>
        {restore.error && <InlineError problem={restore.error} />}
      </>
    );
  }
  if (isLive(run.status)) return null;
  return (
    <>
      <Button size="small" look="bad" disabled={remove.isPending} onClick={() => setAsking(true)}>
        {remove.isPending ? "Removing…" : "Remove workspace"}
      </Button>
      {remove.error && <InlineError problem={remove.error} />}
      <ConfirmDialog
        open={asking}
        title="Remove this workspace?"
        note={
          workspace.kind === "worktree"
            ? "What is not committed is saved to a git ref first, and the branch stays. Artifacts and the log stay too. It can be restored."
            : "Its files are saved first, and artifacts and the log stay. It can be restored."
        }
        confirm="Remove workspace"
        danger
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          remove.mutate({ run: run.id });
        }}
      />
    </>
  );
}
