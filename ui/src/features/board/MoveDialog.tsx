// “Move to…”: the columns as a list, each with a digit. The way for those who do not drag.
import type { KeyboardEvent } from "react";
import type { Card, Status as Column, TaskId } from "../../bindings";
import { Dialog } from "../../components/Dialog";
import { Kbd } from "../../components/Kbd";
import { mayDrop } from "../../data/moves";
import { ALL_COLUMNS, COLUMN_NAMES } from "../../data/order";
import styles from "./MoveDialog.module.css";

export interface MoveDialogProps {
  cards: Card[];
  onMove(ids: TaskId[], to: Column): void;
  onClose(): void;
}

export function MoveDialog({ cards, onMove, onClose }: MoveDialogProps) {
  const choices = ALL_COLUMNS.filter((column) => column !== "failed");
  const able = (column: Column) => cards.some((card) => mayDrop(card, column));
  const choose = (column: Column | undefined) => {
    if (!column || !able(column)) return;
    onClose();
    onMove(
      cards.map((card) => card.id),
      column,
    );
  };
  const first = choices.find(able);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (/^[1-9]$/.test(event.key)) return choose(choices[Number(event.key) - 1]);
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const step = event.key === "ArrowDown" ? 1 : -1;
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  };
  const what = cards.length === 1 ? (cards[0]?.key ?? "") : `${cards.length} cards`;
  return (
    <Dialog open onClose={onClose} title={`Move ${what} to…`} width={320}>
      <ul onKeyDown={onKeyDown}>
        {choices.map((column, at) => (
          <li key={column}>
            <button
              type="button"
              className={styles.choice}
              disabled={!able(column)}
              // biome-ignore lint/a11y/noAutofocus: a dialog's first choice takes the focus.
              autoFocus={column === first}
              onClick={() => choose(column)}
            >
              <span>
                {COLUMN_NAMES[column]}
                {column === "in_progress" && <span className={styles.note}> starts an agent</span>}
              </span>
              <Kbd>{String(at + 1)}</Kbd>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
