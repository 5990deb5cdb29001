// The schedules: when each makes its next card, what became of the last one, and what can be done with it.
import type { Schedule, TaskId } from "../../bindings";
import { Button } from "../../components/Button";
import rows from "../../components/Rows.module.css";
import { TimeUntil } from "../../components/Time";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import styles from "./Schedules.module.css";
import { wallClock } from "./when";
import { STATUS_WORDS } from "./words";

export interface ScheduleListProps {
  schedules: Schedule[];
  onEdit(schedule: Schedule): void;
  onOpen(card: TaskId): void;
}

export function ScheduleList({ schedules, onEdit, onOpen }: ScheduleListProps) {
  return (
    <ul className={rows.list} aria-label="Schedules">
      {schedules.map((schedule) => (
        <Row key={schedule.id} schedule={schedule} onEdit={() => onEdit(schedule)} onOpen={onOpen} />
      ))}
    </ul>
  );
}

function Row({ schedule, onEdit, onOpen }: { schedule: Schedule; onEdit(): void; onOpen(card: TaskId): void }) {
  const { last } = schedule;
  return (
    <li className={styles.row} data-testid={`schedule-${schedule.name}`}>
      <div className={styles.head}>
        <span className={rows.name}>{schedule.name}</span>
        <Next schedule={schedule} />
      </div>
      <p className={styles.sentence}>
        {schedule.sentence} <span className={styles.zone}>{schedule.zone}</span>
      </p>
      <p className={rows.facts}>
        {last === null ? (
          <span>No card yet</span>
        ) : (
          <span>
            Last card{" "}
            <button type="button" className={styles.card} title={last.title} onClick={() => onOpen(last.id)}>
              {last.key}
            </button>{" "}
            {last.trashed ? "in the trash" : STATUS_WORDS[last.status]}
          </span>
        )}
        {schedule.queued > 0 && <span>{schedule.queued} waiting for it</span>}
        {schedule.skipped !== null && <span>{schedule.skipped}</span>}
      </p>
      <Buttons schedule={schedule} onEdit={onEdit} onOpen={onOpen} />
    </li>
  );
}

function Next({ schedule }: { schedule: Schedule }) {
  if (schedule.paused) return <span className={styles.paused}>Paused</span>;
  if (schedule.next_at === null) return <span className={styles.paused}>Never again</span>;
  return (
    <span className={styles.next}>
      <time dateTime={new Date(schedule.next_at).toISOString()}>{wallClock(schedule.next_at, schedule.zone)}</time>
      <span className={styles.until}>
        <TimeUntil at={schedule.next_at} />
      </span>
    </span>
  );
}

function Buttons({ schedule, onEdit, onOpen }: { schedule: Schedule; onEdit(): void; onOpen(card: TaskId): void }) {
  const run = useAction("runSchedule");
  const pause = useAction("pauseSchedule");
  const resume = useAction("resumeSchedule");
  const remove = useAction("removeSchedule");
  const restore = useAction("restoreSchedule");
  const onError = (problem: { message: string; next: string | null }) =>
    toast({ text: problem.message, next: problem.next, tone: "bad" });
  const { id, name, paused } = schedule;
  const runNow = () =>
    run.mutate(
      { id },
      {
        onError,
        onSuccess: (card) =>
          toast({ text: `${card.key} ${card.title}`, action: { label: "Open", run: () => onOpen(card.id) } }),
      },
    );
  const takeAway = () =>
    remove.mutate(
      { id },
      {
        onError,
        onSuccess: () =>
          toast({
            text: `${name} was removed. Its cards stay.`,
            action: { run: () => restore.mutate({ id }, { onError }) },
          }),
      },
    );
  const unseen = <span className="unseen"> {name}</span>;
  return (
    <div className={rows.buttons}>
      <Button size="small" disabled={run.isPending} onClick={runNow}>
        Run now{unseen}
      </Button>
      <Button size="small" onClick={() => (paused ? resume : pause).mutate({ id }, { onError })}>
        {paused ? "Resume" : "Pause"}
        {unseen}
      </Button>
      <Button size="small" onClick={onEdit}>
        Edit{unseen}
      </Button>
      <Button size="small" onClick={takeAway}>
        Remove{unseen}
      </Button>
    </div>
  );
}
