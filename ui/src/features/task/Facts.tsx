// The page's right column: the goal, the facts of the run, and the newest of timeline, comments and
// artifacts, each leading to its tab.

import { Fragment } from "react";
import type {
  Artifact,
  Attachment,
  Status as Column,
  Project,
  Run,
  TaskDetail,
  TaskId,
  TimelineEntry,
} from "../../bindings";
import { exactTime } from "../../components/formats";
import { sizeWords } from "../../components/size";
import { isLive, newestWork } from "../../data/words";
import { Attachments } from "./Attachments";
import { CardFacts } from "./CardFacts";
import { clock, moments } from "./days";
import styles from "./Facts.module.css";
import { Goal } from "./Goal";
import { plain } from "./plain";
import { Fact, Section } from "./Section";
import { Subtasks } from "./Subtasks";

export interface FactsProps {
  task: TaskDetail;
  projects: readonly Project[];
  /** The run that the tabs show. */
  run: Run | null;
  timeline: readonly TimelineEntry[];
  /** What the queue says of it, while it is ready. */
  planned: { why: string } | undefined;
  onTab(tab: "timeline" | "runs" | "queue"): void;
  onArtifact(id: number): void;
  onFile(file: Attachment): void;
  onOpen(id: TaskId): void;
  onMove(id: TaskId, to: Column): void;
  onOpenLink(url: string): void;
}

export function Facts(props: FactsProps) {
  const { task, run, timeline, planned, onTab, onArtifact, onFile, onOpen, onMove, onOpenLink } = props;
  return (
    <aside className={styles.facts} aria-label="Facts">
      <Goal id={task.card.id} description={task.description} version={task.version} onOpenLink={onOpenLink} />
      <Attachments task={task} onShow={onFile} />
      <Subtasks task={task} onOpen={onOpen} onMove={onMove} />
      {planned && <QueueFacts why={planned.why} onTab={onTab} />}
      {run && (
        <RunFacts
          run={run}
          newest={run.id === newestWork(task.runs)?.id}
          needsYou={task.card.needs_you}
          why={task.questions.length === 0 ? task.card.why : null}
        />
      )}
      {run?.workspace && <WorkspaceFacts workspace={run.workspace} />}
      <TimelineTail entries={timeline} task={task} onTab={onTab} />
      {task.artifacts.length > 0 && <ArtifactTail artifacts={task.artifacts} onArtifact={onArtifact} />}
      <CardFacts task={task} projects={props.projects} />
    </aside>
  );
}

function QueueFacts({ why, onTab }: { why: string; onTab: FactsProps["onTab"] }) {
  return (
    <Section
      title="Queue"
      more={
        <button type="button" className={styles.more} onClick={() => onTab("queue")}>
          all
        </button>
      }
    >
      <p>{why}</p>
    </Section>
  );
}

interface RunFactsProps {
  run: Run;
  newest: boolean;
  needsYou: boolean;
  why: string | null;
}

function RunFacts({ run, newest, needsYou, why }: RunFactsProps) {
  const waits = newest && needsYou;
  return (
    <Section title={newest ? "Run" : `Run ${run.attempt}, ${run.review === null ? "an earlier one" : "a review"}`}>
      <dl className={styles.list}>
        <Fact name="agent">
          {[run.agent, run.agent_version, run.model].filter(Boolean).join(" · ")}
          {run.mode === "unattended" && " · unattended"}
        </Fact>
        {run.rule && <Fact name="chosen by">{run.rule}</Fact>}
        {run.evidence && <Fact name={waits ? "known by" : "evidence"}>{run.evidence}</Fact>}
        {newest && why && !run.reason && <Fact name="why">{why}</Fact>}
        {run.reason && <Fact name={isLive(run.status) ? "asks" : "reason"}>{run.reason}</Fact>}
        {run.session && (
          <Fact name="session" copy={run.session}>
            {run.session.length > 18 ? `${run.session.slice(0, 8)}…` : run.session}
          </Fact>
        )}
      </dl>
    </Section>
  );
}

function WorkspaceFacts({ workspace }: { workspace: NonNullable<Run["workspace"]> }) {
  return (
    <Section title="Workspace">
      <dl className={styles.list}>
        {workspace.branch && (
          <Fact name="branch" copy={workspace.branch}>
            <Path path={workspace.branch} />
          </Fact>
        )}
        {workspace.base && <Fact name="base">{workspace.base.slice(0, 12)}</Fact>}
        <Fact name={workspace.kind === "inplace" ? "in place" : "path"} copy={workspace.path}>
          <Path path={workspace.path} />
        </Fact>
        {!workspace.present && <Fact name="state">removed{workspace.salvage ? "; its work is saved" : ""}</Fact>}
        {workspace.salvage && (
          <Fact name="saved work" copy={workspace.salvage}>
            <Path path={workspace.salvage} />
          </Fact>
        )}
      </dl>
    </Section>
  );
}

/** Breaks after its slashes where it must break. */
function Path({ path }: { path: string }) {
  return path.match(/[^/]*\/|[^/]+$/g)?.map((part, at) => (
    <Fragment key={at}>
      {part}
      <wbr />
    </Fragment>
  ));
}

const TAIL = 6;

function TimelineTail({
  entries,
  task,
  onTab,
}: {
  entries: readonly TimelineEntry[];
  task: TaskDetail;
  onTab: FactsProps["onTab"];
}) {
  const newest = moments(entries, task.comments).slice(-TAIL).reverse();
  return (
    <Section
      title="Timeline"
      more={
        <button type="button" className={styles.more} onClick={() => onTab("timeline")}>
          all
        </button>
      }
    >
      {newest.length === 0 ? (
        <p className={styles.none}>Nothing has happened yet.</p>
      ) : (
        <ol className={styles.events}>
          {newest.map((moment) => (
            <li key={moment.id}>
              <time dateTime={new Date(moment.at).toISOString()} title={exactTime(moment.at)}>
                {clock(moment.at)}
              </time>
              <span className={styles.sentence}>
                {moment.kind === "comment" ? `${moment.actor}: “${plain(moment.body)}”` : moment.text}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}

const MOST_ARTIFACTS = 8;

interface ArtifactTailProps {
  artifacts: readonly Artifact[];
  onArtifact(id: number): void;
}

function ArtifactTail({ artifacts, onArtifact }: ArtifactTailProps) {
  const newest = [...artifacts].sort((a, b) => b.at - a.at || b.id - a.id);
  return (
    <Section title="Artifacts">
      <ul className={styles.artifacts}>
        {newest.slice(0, MOST_ARTIFACTS).map((artifact) => (
          <li key={artifact.id}>
            <button
              type="button"
              className={styles.artifact}
              title={artifact.path}
              onClick={() => onArtifact(artifact.id)}
            >
              <span className={styles.artifactName}>{artifact.path}</span>
              <span className={styles.artifactSize}>{sizeWords(artifact.size)}</span>
            </button>
          </li>
        ))}
      </ul>
      {newest.length > MOST_ARTIFACTS && <p className={styles.none}>and {newest.length - MOST_ARTIFACTS} more</p>}
    </Section>
  );
}
