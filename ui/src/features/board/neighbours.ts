// Where the arrow keys lead. Pure: columns in, the next card out.
import type { TaskId } from "../../bindings";

export type Arrow = "up" | "down" | "left" | "right" | "first" | "last";

/** The card that the key leads to, or null to stay. Empty columns are stepped over. */
export function neighbour(columns: readonly (readonly TaskId[])[], from: TaskId | null, arrow: Arrow): TaskId | null {
  const column = from === null ? -1 : columns.findIndex((ids) => ids.includes(from));
  if (from === null || column < 0) return columns.find((ids) => ids.length > 0)?.[0] ?? null;
  const ids = columns[column] ?? [];
  const row = ids.indexOf(from);
  switch (arrow) {
    case "up":
      return ids[row - 1] ?? null;
    case "down":
      return ids[row + 1] ?? null;
    case "first":
      return ids[0] ?? null;
    case "last":
      return ids.at(-1) ?? null;
    case "left":
      return across(columns.slice(0, column).reverse(), row);
    case "right":
      return across(columns.slice(column + 1), row);
  }
}

function across(columns: readonly (readonly TaskId[])[], row: number): TaskId | null {
  const next = columns.find((ids) => ids.length > 0);
  return next?.[Math.min(row, next.length - 1)] ?? null;
}
