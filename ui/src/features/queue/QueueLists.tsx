// What starts next and what waits, in the order in which it would be taken. Only the lines on the screen
// exist in the page; arrows go from line to line, Enter opens the card.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import type { PlannedStart, PlannedWait, TaskId } from "../../bindings";
import { Chip } from "../../components/Chip";
import { useCard } from "../../data/queries";
import { priorityWord } from "../../data/words";
import styles from "./Queue.module.css";

const ROW = 45;

export interface ListProps {
  onOpen(id: TaskId): void;
}

export function StartsList({ starts, onOpen }: ListProps & { starts: readonly PlannedStart[] }) {
  return (
    <Lines
      label="Starts next"
      count={starts.length}
      taskAt={(at) => starts[at]?.task}
      onOpen={onOpen}
      line={(at) => {
        const start = starts[at];
        if (!start) return null;
        return (
          <CardLine
            id={start.task}
            place={at + 1}
            note={`${start.why} · ${start.rule}`}
            side={[start.agent, start.model].filter(Boolean).join(" · ")}
          />
        );
      }}
    />
  );
}

export function WaitsList({ waits, onOpen }: ListProps & { waits: readonly PlannedWait[] }) {
  return (
    <Lines
      label="Waits"
      count={waits.length}
      taskAt={(at) => waits[at]?.task}
      onOpen={onOpen}
      line={(at) => {
        const wait = waits[at];
        if (!wait) return null;
        return (
          <CardLine
            id={wait.task}
            place={at + 1}
            note={wait.why}
            side={wait.of > 1 ? `${wait.place} of ${wait.of}` : ""}
          />
        );
      }}
    />
  );
}

interface LinesProps {
  label: string;
  count: number;
  taskAt(at: number): TaskId | undefined;
  line(at: number): ReactNode;
  onOpen(id: TaskId): void;
}

function Lines({ label, count, taskAt, line, onOpen }: LinesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const at = Math.min(active, count - 1);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (row) => taskAt(row) ?? row,
    initialRect: { width: 0, height: 12 * ROW },
    overscan: 6,
  });
  const goTo = (next: number) => {
    const to = Math.max(0, Math.min(count - 1, next));
    setActive(to);
    rows.scrollToIndex(to);
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-row="${to}"]`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    goTo(step(at, count));
  };
  return (
    <div ref={scroller} className={styles.lines}>
      <ol aria-label={label} style={{ height: rows.getTotalSize() }} className={styles.rows} onKeyDown={onKeyDown}>
        {rows.getVirtualItems().map((row) => (
          <li
            key={row.key}
            aria-posinset={row.index + 1}
            aria-setsize={count}
            className={styles.rowPlace}
            style={{ top: row.start, height: ROW }}
          >
            <button
              type="button"
              data-row={row.index}
              tabIndex={row.index === at ? 0 : -1}
              className={styles.row}
              onFocus={() => setActive(row.index)}
              onClick={() => {
                const task = taskAt(row.index);
                if (task !== undefined) onOpen(task);
              }}
            >
              {line(row.index)}
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

const PAGE = 10;
const STEPS: Record<string, ((at: number, count: number) => number) | undefined> = {
  ArrowDown: (at) => at + 1,
  j: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  k: (at) => at - 1,
  PageDown: (at) => at + PAGE,
  PageUp: (at) => at - PAGE,
  Home: () => 0,
  End: (_, count) => count - 1,
};

function CardLine({ id, place, note, side }: { id: TaskId; place: number; note: string; side: string }) {
  const card = useCard(id);
  const priority = card && priorityWord(card.priority);
  return (
    <>
      <span className={styles.place}>{place}</span>
      <span className={styles.words}>
        <span className={styles.titleLine}>
          <span className={styles.key}>T-{id}</span>
          <span className={styles.title}>{card?.title ?? ""}</span>
          {(priority === "critical" || priority === "high") && <Chip loud={priority === "critical"}>{priority}</Chip>}
        </span>
        <span className={styles.note}>{note}</span>
      </span>
      {/* Only what is queued stands in a line. */}
      <span className={styles.side}>{card?.queued === false ? "" : side}</span>
    </>
  );
}
