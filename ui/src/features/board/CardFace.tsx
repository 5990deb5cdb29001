// What a card shows. Four questions: what is it, in which state, what is happening now, what has it
// cost or changed. It knows nothing of dragging or selection; the overlay under the pointer uses it too.
import { memo } from "react";
import type { Card } from "../../bindings";
import { Chip } from "../../components/Chip";
import { classes } from "../../components/css";
import { StatusWord } from "../../components/StatusWord";
import { ElapsedTime, RelativeTime } from "../../components/Time";
import type { Live } from "../../data/cards";
import { cardWord, failureOf, hasLiveRun, priorityWord, runSpan } from "../../data/words";
import styles from "./CardFace.module.css";
import { dueWord } from "./due";
import { whyOf } from "./height";

export interface CardFaceProps {
  card: Card;
  live: Live | undefined;
  /** What the queue says of a ready card. */
  planned?: string;
  /** The project's name, where the board shows more than one. */
  project?: string;
}

const MOST_TAGS = 2;

export const CardFace = memo(function CardFace({ card, live, planned, project }: CardFaceProps) {
  const running = hasLiveRun(card);
  const status = running && live && live.run === card.run?.id ? live.status : card.run?.status;
  return (
    <>
      <h3 className={classes(styles.title, card.status === "done" && styles.faded, isLong(card.title) && styles.cut)}>
        {card.title}
      </h3>
      <Now
        card={card}
        why={whyOf(card, planned)}
        line={running ? (live?.lastLine ?? card.run?.last_line ?? null) : null}
      />
      <Failure card={card} />
      <Gain card={card} />
      <Meta card={card} status={status} project={project} />
    </>
  );
});

/** What is happening, or why nothing is. */
function Now({ card, why, line }: { card: Card; why: string | null; line: string | null }) {
  const running = hasLiveRun(card);
  if (card.needs_you) {
    return (
      <>
        {(card.why ?? line) && <p className={styles.live}>{card.why ?? line}</p>}
        <span className={styles.answer} aria-hidden="true" data-answer={running || undefined}>
          {running ? "Answer" : "Look"}
        </span>
      </>
    );
  }
  if (running) return <p className={styles.live}>{line ?? card.why ?? waitingFor(card)}</p>;
  return why ? <p className={classes(styles.why, isLong(why) && styles.cut)}>{why}</p> : null;
}

/** What led to the shelf. */
function Failure({ card }: { card: Card }) {
  const cause = failureOf(card);
  if (cause === null) return null;
  return (
    <div className={styles.meta}>
      <span className={styles.left}>
        <span className={styles.del}>{cause}</span>
      </span>
    </div>
  );
}

/** May take more than four lines in the narrowest column. */
function isLong(text: string): boolean {
  return text.length > 70;
}

/** No line is known: what the state itself tells. */
function waitingFor(card: Card): string {
  switch (card.run?.status) {
    case "queued":
      return "waiting for its turn";
    case "preparing":
      return "preparing the workspace";
    case "idle":
      return "at its prompt";
    case "rate_limited":
      return "waiting for its limit to reset";
    default:
      return "no output yet";
  }
}

function Gain({ card }: { card: Card }) {
  const { changes, artifacts } = card;
  const shown = card.status === "in_progress" || card.status === "review" || card.status === "failed";
  if (!shown || ((changes === null || changes.files === 0) && artifacts === 0)) return null;
  return (
    <div className={styles.meta}>
      <span className={styles.left}>
        {changes && changes.files > 0 && (
          <>
            <span className={styles.add}>+{changes.added}</span>
            <span className={styles.del}>−{changes.removed}</span>
            <span>{counted(changes.files, "file")}</span>
          </>
        )}
      </span>
      {artifacts > 0 && <span className={styles.right}>{counted(artifacts, "artifact")}</span>}
    </div>
  );
}

function Meta({ card, status, project }: { card: Card; status: Parameters<typeof cardWord>[1]; project?: string }) {
  const word = cardWord(card, status);
  const priority = priorityWord(card.priority);
  const open = card.status === "inbox" || card.status === "ready";
  return (
    <div className={styles.meta}>
      <span className={styles.left}>
        {word && <StatusWord tone={word.tone}>{word.word}</StatusWord>}
        <span className={styles.id}>{card.key}</span>
        {card.progress && (
          <span className={styles.agent} title="Sub-tasks that are done">
            {card.progress.done} of {card.progress.total}
            <span className="unseen"> sub-tasks done</span>
          </span>
        )}
        {open && (priority === "critical" || priority === "high") && (
          <Chip loud={priority === "critical"}>{priority}</Chip>
        )}
        {open && card.tags.slice(0, MOST_TAGS).map((tag) => <Chip key={tag}>{tag}</Chip>)}
        {open && card.tags.length > MOST_TAGS && <span>+{card.tags.length - MOST_TAGS}</span>}
        {!open && card.run && <span className={styles.agent}>{card.run.agent}</span>}
        {open && card.assignee && <span className={styles.agent}>{card.assignee}</span>}
        {open && project && <span className={styles.agent}>{project}</span>}
      </span>
      <span className={styles.right}>
        <When card={card} />
      </span>
    </div>
  );
}

function When({ card }: { card: Card }) {
  const span = card.run && runSpan(card.run);
  if (span && hasLiveRun(card)) return <ElapsedTime from={span.from} to={null} />;
  if (card.status === "review" && span && span.to !== null) return <ElapsedTime from={span.from} to={span.to} />;
  if (card.status === "done" && card.artifacts > 0) return <span>{counted(card.artifacts, "artifact")}</span>;
  if (card.status === "failed" && card.runs > 0) return <span>{counted(card.runs, "attempt")}</span>;
  if (card.due_at !== null && (card.status === "inbox" || card.status === "ready")) return <Due at={card.due_at} />;
  return <RelativeTime at={card.status === "inbox" ? card.created_at : card.entered_at} />;
}

function Due({ at }: { at: number }) {
  const { text, late } = dueWord(at, Date.now());
  return (
    <time dateTime={new Date(at).toISOString()} className={late ? styles.late : undefined}>
      {text}
    </time>
  );
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
