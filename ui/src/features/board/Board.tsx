// The board: five columns, the shelf beside them, and the ways to move cards between them with the
// pointer and with keys.
import {
  type Announcements,
  type CollisionDetection,
  DndContext,
  type DragEndEvent,
  DragOverlay,
  type DragStartEvent,
  KeyboardSensor,
  PointerSensor,
  pointerWithin,
  rectIntersection,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { type KeyboardEvent, type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Status as Column, TaskId } from "../../bindings";
import { classes } from "../../components/css";
import { ContextMenu, type MenuItem } from "../../components/Menu";
import type { Cards } from "../../data/cards";
import { type Filter, isEmpty, matcher } from "../../data/filter";
import { mayDrop } from "../../data/moves";
import { BOARD_COLUMNS, COLUMN_NAMES, SHELF_COLUMNS } from "../../data/order";
import { useCards } from "../../data/queries";
import { actionForKey, CARD_ACTIONS, isRare, labelOf } from "./actions";
import styles from "./Board.module.css";
import { BoardColumn } from "./BoardColumn";
import { CardFace } from "./CardFace";
import slotStyles from "./CardSlot.module.css";
import { useDesk } from "./desk";
import { byColumn, columnOf, lifted } from "./drag";
import { type Arrow, neighbour } from "./neighbours";
import { markPainted } from "./painted";
import { SelectionBar } from "./SelectionBar";
import { useSelection } from "./selection";

export interface BoardProps {
  filter: Filter;
  shelf: boolean;
}

const EMPTY: Partial<Record<Column, string>> = {
  inbox: "Ideas and problems land here. Press C to write one.",
  ready: "Cards that an agent could start on.",
  in_progress: "Drag a card here to start an agent on it.",
  review: "Finished work waits here for your eyes.",
  done: "Nothing finished yet.",
  failed: "No failures.",
  cancelled: "Nothing cancelled.",
};

export function Board({ filter, shelf }: BoardProps) {
  const cards = useCards();
  const selection = useSelection();
  const desk = useDesk();
  const [held, setHeld] = useState<TaskId[]>([]);
  const sensors = useBoardSensors();
  const visible = () => visibleColumns(cards, filter, shelf);
  useEffect(markPainted, []);

  const onDragStart = ({ active }: DragStartEvent) => setHeld(lifted(active.id as TaskId, selection.chosen()));
  const onDragEnd = ({ over }: DragEndEvent) => {
    setHeld([]);
    const to = columnOf(over?.id);
    if (to === null || held.every((id) => cards.card(id)?.status === to)) return;
    desk.move(held, to);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const id = cardUnder(event.target);
    if (id === null || held.length > 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!handleKey(event, id)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const handleKey = (event: KeyboardEvent, id: TaskId): boolean => {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const columns = visible();
      const next = neighbour(columns, id, arrow);
      if (next === null) return true;
      if (event.shiftKey && (arrow === "up" || arrow === "down")) {
        selection.extend(next, columns.find((ids) => ids.includes(next)) ?? []);
      }
      selection.goTo(next);
      return true;
    }
    if (event.key === "x" || event.key === "X") {
      selection.toggle(id);
      return true;
    }
    if (event.key === "Escape" && selection.chosen().size > 0) {
      selection.clear();
      return true;
    }
    const subjects = desk.look(event.key === "Enter" ? [id] : selection.subjects());
    const action = actionForKey(event.key, subjects);
    if (!action) return false;
    const columns = visible();
    const after = neighbour(columns, id, "down") ?? neighbour(columns, id, "up");
    action.run(desk, subjects);
    // Where the card has left at once, the focus stays in the column.
    const card = cards.card(id);
    if (after !== null && subjects.length === 1 && (card?.trashed || card?.status !== subjects[0]?.status)) {
      selection.goTo(after);
    }
    return true;
  };

  // The menu is about the card under the pointer, or about all chosen ones if it is one of them.
  const menuAbout = useRef<TaskId[]>([]);
  const onContextMenu = (event: MouseEvent) => {
    const id = cardUnder(event.target);
    if (id === null) {
      // No menu: keeps Radix from opening one over empty ground.
      event.stopPropagation();
      return;
    }
    selection.arrive(id);
    menuAbout.current = lifted(id, selection.chosen());
  };
  const menuItems = (): MenuItem[] => {
    const subjects = desk.look(menuAbout.current);
    return CARD_ACTIONS.filter((action) => !isRare(action) || action.enabled(subjects)).map((action) => ({
      id: action.id,
      label: labelOf(action, subjects),
      shortcut: action.shortcut,
      danger: action.danger,
      disabled: !action.enabled(subjects),
      onSelect: () => action.run(desk, subjects),
    }));
  };

  const accepts = (column: Column): boolean | undefined => {
    if (held.length === 0) return undefined;
    return desk.look(held).some((card) => card.status === column || mayDrop(card, column));
  };
  const announcements = useMemo(() => announce(cards), [cards]);

  return (
    <DndContext
      sensors={sensors}
      collisionDetection={underPointer}
      accessibility={{ announcements, screenReaderInstructions: { draggable: HOW_TO_DRAG } }}
      onDragStart={onDragStart}
      onDragEnd={onDragEnd}
      onDragCancel={() => setHeld([])}
    >
      <ContextMenu items={menuItems} label="Card actions">
        <div className={styles.frame}>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of all cards, handled once. */}
          <div
            className={classes(styles.board, shelf && styles.withShelf)}
            onKeyDown={onKeyDown}
            onContextMenu={onContextMenu}
          >
            {BOARD_COLUMNS.map((column) => (
              <BoardColumn
                key={column}
                column={column}
                filter={filter}
                accepts={accepts(column)}
                empty={EMPTY[column]}
              />
            ))}
            {shelf && (
              <div className={styles.shelf} data-testid="shelf">
                {SHELF_COLUMNS.map((column) => (
                  <BoardColumn
                    key={column}
                    column={column}
                    filter={filter}
                    accepts={accepts(column)}
                    empty={EMPTY[column]}
                  />
                ))}
              </div>
            )}
          </div>
        </div>
      </ContextMenu>
      <SelectionBar />
      <DragOverlay dropAnimation={null}>
        <Lifted ids={held} />
      </DragOverlay>
    </DndContext>
  );
}

function Lifted({ ids }: { ids: readonly TaskId[] }) {
  const cards = useCards();
  const card = ids[0] === undefined ? undefined : cards.card(ids[0]);
  if (!card) return null;
  return (
    <div className={classes(slotStyles.card, slotStyles.lifted)}>
      <CardFace card={card} live={cards.liveOf(card.id)} />
      {ids.length > 1 && <span className={slotStyles.count}>{ids.length}</span>}
    </div>
  );
}

const ARROWS: Record<string, Arrow | undefined> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  Home: "first",
  End: "last",
  k: "up",
  j: "down",
  h: "left",
  l: "right",
};

const HOW_TO_DRAG =
  "Space lifts the card, left and right arrows carry it, Space puts it down, Escape leaves it where it was.";

function useBoardSensors() {
  return useSensors(
    // A click must not become a drag by a trembling hand.
    useSensor(PointerSensor, { activationConstraint: { distance: 6 } }),
    useSensor(KeyboardSensor, {
      coordinateGetter: byColumn,
      keyboardCodes: { start: ["Space"], cancel: ["Escape"], end: ["Space", "Enter"] },
      scrollBehavior: "auto",
    }),
  );
}

/** With the pointer, the column under it; with keys there is no pointer, so the most covered column. */
const underPointer: CollisionDetection = (args) =>
  args.pointerCoordinates ? pointerWithin(args) : rectIntersection(args);

function cardUnder(target: EventTarget): TaskId | null {
  const element = target instanceof Element ? target.closest<HTMLElement>("[data-card]") : null;
  return element ? Number(element.dataset.card) : null;
}

function visibleColumns(cards: Cards, filter: Filter, shelf: boolean): (readonly TaskId[])[] {
  const passes = isEmpty(filter) ? null : matcher(filter);
  const names: readonly Column[] = shelf ? [...BOARD_COLUMNS, ...SHELF_COLUMNS] : BOARD_COLUMNS;
  return names.map((column) => {
    const ids = cards.column(column);
    if (passes === null) return ids;
    return ids.filter((id) => {
      const card = cards.card(id);
      return card !== undefined && passes(card);
    });
  });
}

function announce(cards: Cards): Announcements {
  const name = (id: unknown) => cards.card(id as TaskId)?.key ?? "The card";
  const place = (id: unknown) => {
    const column = columnOf(id as string);
    return column ? COLUMN_NAMES[column] : null;
  };
  return {
    onDragStart: ({ active }) => `${name(active.id)} lifted.`,
    onDragOver: ({ active, over }) => {
      const column = place(over?.id);
      return column ? `${name(active.id)} is over ${column}.` : `${name(active.id)} is over no column.`;
    },
    onDragEnd: ({ active, over }) => {
      const column = place(over?.id);
      return column ? `${name(active.id)} put down in ${column}.` : `${name(active.id)} stays where it was.`;
    },
    onDragCancel: ({ active }) => `${name(active.id)} stays where it was.`,
  };
}
