// One column: heading, quick add, and the cards that are on the screen. Only those exist in the page,
// whatever the column holds.
import { useDroppable } from "@dnd-kit/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Status as Column, ProjectId, TaskId } from "../../bindings";
import { Button, IconButton } from "../../components/Button";
import { classes } from "../../components/css";
import { PlusIcon } from "../../components/icons";
import { type Filter, isEmpty } from "../../data/filter";
import { COLUMN_NAMES } from "../../data/order";
import { useCards, useColumn, usePlan, useProjects } from "../../data/queries";
import styles from "./BoardColumn.module.css";
import { CardSlot } from "./CardSlot";
import { useDesk } from "./desk";
import { columnId } from "./drag";
import { QuickAdd } from "./QuickAdd";
import { useTabStop, useWantedFocus } from "./selection";
import { useLikelyHeight } from "./useLikelyHeight";

const OVERSCAN = 4;

export interface BoardColumnProps {
  column: Column;
  filter: Filter;
  /** Whether a dragged card may be dropped here; undefined while nothing is dragged. */
  accepts: boolean | undefined;
  /** Shown when the column holds nothing at all. */
  empty?: ReactNode;
}

export const BoardColumn = memo(function BoardColumn({ column, filter, accepts, empty }: BoardColumnProps) {
  const ids = useColumn(column, filter);
  const total = useCards().column(column).length;
  const { setNodeRef, isOver } = useDroppable({ id: columnId(column) });
  const [adding, setAdding] = useState(false);
  const quick = column === "inbox" || column === "ready";
  const filtered = !isEmpty(filter);
  const projects = useProjectNames(filter.project === null);
  return (
    <section
      ref={setNodeRef}
      aria-label={COLUMN_NAMES[column]}
      data-testid={`column-${column}`}
      data-column={column}
      className={classes(
        styles.column,
        accepts === true && styles.able,
        accepts === true && isOver && styles.over,
        accepts === false && styles.unable,
      )}
    >
      <div className={styles.head}>
        <h2 className={styles.name}>
          {COLUMN_NAMES[column]}{" "}
          <span className={styles.count} data-testid={`count-${column}`}>
            {filtered ? `${ids.length} of ${total}` : total}
          </span>
        </h2>
        {column === "failed" && ids.length > 0 && <ReplayAll ids={ids} />}
        {quick && (
          <IconButton
            label={`Add a card to ${COLUMN_NAMES[column]}`}
            size="small"
            aria-expanded={adding}
            onClick={() => setAdding(!adding)}
          >
            <PlusIcon />
          </IconButton>
        )}
      </div>
      {quick && adding && <QuickAdd column={column} project={filter.project} onClose={() => setAdding(false)} />}
      {column === "ready" && ids.length > 0 && <Reasons />}
      {ids.length > 0 ? (
        <Cards column={column} ids={ids} projects={projects} />
      ) : (
        <div className={styles.empty}>{filtered && total > 0 ? "Nothing matches." : empty}</div>
      )}
    </section>
  );
});

/** The cards say why they wait for as long as there are some. */
function Reasons() {
  usePlan();
  return null;
}

function ReplayAll({ ids }: { ids: readonly TaskId[] }) {
  const desk = useDesk();
  return (
    <Button
      size="small"
      look="plain"
      title="Move all of them to Ready; their runs stay with them"
      onClick={() => desk.move(ids, "ready")}
    >
      Replay all
    </Button>
  );
}

interface CardsProps {
  column: Column;
  ids: readonly TaskId[];
  projects: Map<ProjectId, string> | undefined;
}

/**
 * On its own, because the column around it is drawn again whenever a dragged card passes over, and this whenever a row
 * comes into sight: while it scrolls, at every frame. What need not be asked here is asked above.
 */
const Cards = memo(function Cards({ column, ids, projects }: CardsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const tabStop = useTabStop(ids);
  const wanted = useWantedFocus();
  const cards = useCards();
  const { heightAt } = useLikelyHeight(ids);
  const rows = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => heightAt(at, scroller.current?.clientWidth ?? 0),
    getItemKey: (at) => ids[at] ?? at,
    overscan: OVERSCAN,
    paddingEnd: 8,
    paddingStart: 2,
  });

  const shown = rows.getVirtualItems();

  const wantedAt = wanted === null ? -1 : ids.indexOf(wanted);
  useEffect(() => {
    if (wantedAt >= 0) rows.scrollToIndex(wantedAt, { align: "auto" });
  }, [wantedAt, rows]);

  return (
    <div
      ref={scroller}
      role="listbox"
      aria-label={`${COLUMN_NAMES[column]} cards`}
      aria-multiselectable="true"
      className={styles.cards}
      tabIndex={-1}
    >
      <div role="presentation" style={{ height: rows.getTotalSize(), paddingTop: shown[0]?.start ?? 0 }}>
        {shown.map((row) => {
          const id = ids[row.index];
          if (id === undefined) return null;
          const project = cards.card(id)?.project;
          return (
            <div
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              role="presentation"
              className={styles.row}
            >
              <CardSlot
                id={id}
                column={ids}
                position={row.index}
                tabStop={tabStop === id}
                project={project == null ? undefined : projects?.get(project)}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
});

function useProjectNames(wanted: boolean): Map<ProjectId, string> | undefined {
  const { data } = useProjects();
  return useMemo(() => {
    if (!wanted || !data || data.length < 2) return undefined;
    return new Map(data.map((project) => [project.id, project.name]));
  }, [wanted, data]);
}
