// A card's place in its column: its edge colour, focus, selection and handle for dragging. The face
// inside is drawn again only when the card's own data change.
import { useDraggable } from "@dnd-kit/core";
import { type MouseEvent, memo, useEffect, useRef } from "react";
import type { TaskId } from "../../bindings";
import { classes } from "../../components/css";
import { useCard, useLive, usePlanned } from "../../data/queries";
import { cardWord } from "../../data/words";
import { CardFace } from "./CardFace";
import styles from "./CardSlot.module.css";
import { useDesk } from "./desk";
import { useIsChosen, useIsWanted, useSelection } from "./selection";

export interface CardSlotProps {
  id: TaskId;
  /** All cards of the column, for choosing a range. */
  column: readonly TaskId[];
  position: number;
  tabStop: boolean;
  project?: string;
}

export const CardSlot = memo(function CardSlot({ id, column, position, tabStop, project }: CardSlotProps) {
  const card = useCard(id);
  const live = useLive(id);
  const planned = usePlanned(id);
  const chosen = useIsChosen(id);
  const selection = useSelection();
  const desk = useDesk();
  const node = useRef<HTMLDivElement | null>(null);
  const { listeners, setNodeRef, isDragging } = useDraggable({ id });

  // The focus may have been asked for before this card was on the screen, or while it stood there.
  const wanted = useIsWanted(id);
  useEffect(() => {
    if (wanted && selection.takeFocus(id)) node.current?.focus({ preventScroll: true });
  }, [wanted, selection, id]);

  if (!card) return null;
  const status = live?.run === card.run?.id ? (live?.status ?? card.run?.status) : card.run?.status;
  const word = cardWord(card, status);

  const onClick = (event: MouseEvent) => {
    if (event.shiftKey) selection.extend(id, column);
    else if (event.ctrlKey || event.metaKey) selection.toggle(id);
    // Keys reach the same by “A”; a button inside an option is none for a screen reader.
    else if ((event.target as Element).closest("[data-answer]")) desk.answer(id);
    else desk.open(id);
  };

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the board handles the keys of all cards in one place.
    <div
      ref={(element) => {
        node.current = element;
        setNodeRef(element);
      }}
      {...listeners}
      role="option"
      aria-selected={chosen}
      aria-posinset={position + 1}
      aria-setsize={column.length}
      tabIndex={tabStop ? 0 : -1}
      data-card={id}
      data-testid={`card-${card.key}`}
      className={classes(styles.card, word && styles[word.tone], chosen && styles.chosen, isDragging && styles.away)}
      onFocus={() => selection.arrive(id)}
      onClick={onClick}
    >
      <CardFace card={card} live={live} planned={planned} project={project} />
    </div>
  );
});
