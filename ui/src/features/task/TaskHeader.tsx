// The page's head: which card, in which state, for how long, and what can be done with it now.
import type { Card, Status as Column, IssueRef, Run } from "../../bindings";
import { Button, IconButton } from "../../components/Button";
import { BackIcon, ChevronDownIcon, MoreIcon } from "../../components/icons";
import { Menu, type MenuItem } from "../../components/Menu";
import { StatusWord } from "../../components/StatusWord";
import { ElapsedTime } from "../../components/Time";
import { isQueued, mayQueue, mayRun } from "../../data/moves";
import { COLUMN_NAMES } from "../../data/order";
import { cardWord, hasLiveRun, isLive, runSpan, type StateWord, type Tone } from "../../data/words";
import { nextStep, runLabel } from "./nextStep";
import styles from "./TaskHeader.module.css";
import { TitleEditor } from "./TitleEditor";

export interface TaskHeaderProps {
  card: Card;
  issue: IssueRef | null;
  runs: readonly Run[];
  moves: readonly Column[];
  version: number;
  busy: boolean;
  onBack(): void;
  /** The page asks first where this would stop an agent. */
  onMove(to: Column): void;
  onStop(): void;
  /** Opens the agent picker. */
  onRun(): void;
  onResume(run: Run): void;
  onTrash(): void;
  /** The person's verdict on a card in review. */
  onApprove(): void;
  onSendBack(): void;
  onQueue(queued: boolean): void;
  onIssue(url: string): void;
  /** Missing where folders cannot be opened from. */
  onOpenEditor?: () => void;
}

export function TaskHeader(props: TaskHeaderProps) {
  const { card, issue, busy, onBack, onStop, onIssue, onOpenEditor } = props;
  const span = card.run && card.status === "in_progress" ? runSpan(card.run) : null;
  return (
    <header className={styles.header}>
      <IconButton label="Back to the board (Esc)" onClick={onBack}>
        <BackIcon />
      </IconButton>
      <span className={styles.key}>{card.key}</span>
      {issue && (
        <button
          type="button"
          className={styles.issue}
          title={`${issue.repository} at GitHub`}
          aria-label={`Issue ${issue.number} of ${issue.repository}`}
          onClick={() => onIssue(issue.url)}
        >
          #{issue.number}
        </button>
      )}
      <TitleEditor id={card.id} title={card.title} version={props.version} />
      <StateChip card={card} />
      <div className={styles.actions}>
        {span && <ElapsedTime from={span.from} to={span.to} />}
        {onOpenEditor && (
          <Button onClick={onOpenEditor} className={styles.editor}>
            Open in editor
          </Button>
        )}
        {hasLiveRun(card) && (
          <Button look="bad" disabled={busy} onClick={onStop}>
            Stop
          </Button>
        )}
        <Steps {...props} />
        <Menu label="More" align="end" items={moreItems(props)}>
          <IconButton label="More">
            <MoreIcon />
          </IconButton>
        </Menu>
      </div>
    </header>
  );
}

// Moves that the engine does not offer are not offered here either.
function moreItems(props: TaskHeaderProps): MenuItem[] {
  const { card, moves, onMove, onTrash } = props;
  const columns = moves.filter((to) => to !== "in_progress");
  return [
    {
      id: "move",
      label: "Move to…",
      disabled: columns.length === 0,
      items: columns.map((to) => ({ id: to, label: COLUMN_NAMES[to], onSelect: () => onMove(to) })),
    },
    ...resumeItems(props),
    ...queueItems(props),
    { id: "copy", label: `Copy ${card.key}`, onSelect: () => void navigator.clipboard.writeText(card.key) },
    { id: "line", line: true },
    { id: "trash", label: "Move to the trash", danger: true, onSelect: onTrash },
  ];
}

function queueItems({ card, onQueue }: TaskHeaderProps): MenuItem[] {
  if (isQueued(card)) return [{ id: "queue", label: "Take out of the queue", onSelect: () => onQueue(false) }];
  return mayQueue(card) ? [{ id: "queue", label: "Queue", onSelect: () => onQueue(true) }] : [];
}

function StateChip({ card }: { card: Card }) {
  const { word, tone } = stateOf(card);
  return (
    <span className={styles.state} data-testid="task-state">
      <StatusWord tone={tone} filled>
        {word}
      </StatusWord>
    </span>
  );
}

/** What an agent does while there is one, else the column: away from the board nothing else names it. */
function stateOf(card: Card): StateWord {
  if (card.trashed) return { word: "in the trash", tone: "bad" };
  const now = card.needs_you || hasLiveRun(card) ? cardWord(card) : null;
  return now ?? { word: COLUMN_NAMES[card.status], tone: toneOf(card) };
}

function toneOf(card: Card): Tone {
  switch (card.status) {
    case "review":
      return card.run?.status === "failed" || card.run?.status === "lost" ? "bad" : "good";
    case "done":
      return "good";
    case "failed":
      return "bad";
    case "ready":
      return card.why === null ? "plain" : "held";
    case "inbox":
    case "in_progress":
    case "cancelled":
      return "plain";
  }
}

/** The filled button, and beside it a quieter Run where running again is not the likely step. */
function Steps(props: TaskHeaderProps) {
  const { card, moves, busy, onMove, onRun, onApprove, onSendBack } = props;
  const step = nextStep(card, moves);
  const again = runLabel(card);
  return (
    <>
      {again && step?.kind !== "run" && <RunButton {...props} label={again} look="default" />}
      {step?.kind === "run" && <RunButton {...props} label={step.label} look="primary" onRun={onRun} />}
      {card.status === "review" && (
        <Button disabled={busy} onClick={onSendBack}>
          Send back…
        </Button>
      )}
      {step?.kind === "approve" && (
        <Button look="primary" disabled={busy} onClick={onApprove}>
          {step.label}
        </Button>
      )}
      {step?.kind === "move" && (
        <Button look="primary" disabled={busy} onClick={() => onMove(step.to)}>
          {step.label}
        </Button>
      )}
    </>
  );
}

function RunButton(props: TaskHeaderProps & { label: string; look: "default" | "primary" }) {
  const { label, look, busy, onRun } = props;
  const items = resumeItems(props);
  return (
    <span className={styles.split}>
      <Button look={look} disabled={busy} onClick={onRun}>
        {label}
      </Button>
      {items.length > 0 && (
        <Menu label="Other ways to run" align="end" items={items}>
          <IconButton label="Other ways to run" look={look} disabled={busy}>
            <ChevronDownIcon />
          </IconButton>
        </Menu>
      )}
    </span>
  );
}

const MOST_RESUMES = 3;

/** The newest ended runs, to be continued in their own workspace. */
function resumeItems({ card, runs, onResume }: TaskHeaderProps): MenuItem[] {
  if (!mayRun(card)) return [];
  return runs
    .filter((run) => !isLive(run.status) && run.review === null)
    .slice(0, MOST_RESUMES)
    .map((run) => ({
      id: `resume-${run.id}`,
      label: `Resume run ${run.attempt} (${run.agent}${run.session ? ", same session" : ", same workspace"})`,
      onSelect: () => onResume(run),
    }));
}
