// The rules of dragging: what a drop means, and where the arrow keys carry a lifted card. Pure but for
// dnd-kit's own types.
import type { KeyboardCoordinateGetter, UniqueIdentifier } from "@dnd-kit/core";
import type { Status as Column, TaskId } from "../../bindings";
import { ALL_COLUMNS } from "../../data/order";

const PREFIX = "column:";

export function columnId(column: Column): string {
  return `${PREFIX}${column}`;
}

export function columnOf(id: UniqueIdentifier | undefined | null): Column | null {
  if (typeof id !== "string" || !id.startsWith(PREFIX)) return null;
  const name = id.slice(PREFIX.length) as Column;
  return ALL_COLUMNS.includes(name) ? name : null;
}

/** The cards that move together: the chosen ones if the lifted card is among them, else it alone. */
export function lifted(id: TaskId, chosen: ReadonlySet<TaskId>): TaskId[] {
  return chosen.has(id) && chosen.size > 1 ? [...chosen] : [id];
}

/** Left and right go from column to column; a lifted card has no use for up and down. */
export const byColumn: KeyboardCoordinateGetter = (event, { context, currentCoordinates }) => {
  const step = event.code === "ArrowRight" ? 1 : event.code === "ArrowLeft" ? -1 : 0;
  if (step === 0) return undefined;
  event.preventDefault();
  const boxes = [...context.droppableRects].filter(([id]) => columnOf(id) !== null);
  boxes.sort(([, a], [, b]) => a.left - b.left || a.top - b.top);
  const lifted = context.collisionRect;
  if (!lifted) return undefined;
  const from = context.over ? boxes.findIndex(([id]) => id === context.over?.id) : -1;
  const target = boxes[Math.min(Math.max(from + step, 0), boxes.length - 1)]?.[1];
  if (!target) return undefined;
  // The lifted card's middle goes to the column's middle.
  return {
    x: currentCoordinates.x + (target.left + target.width / 2) - (lifted.left + lifted.width / 2),
    y: currentCoordinates.y + (target.top + 60) - lifted.top,
  };
};
