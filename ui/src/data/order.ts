// The order of cards in a column. Inbox and Ready show what is claimed next (the same order that the
// engine claims in); the other columns show what came in last.
import type { Card, Status as Column } from "../bindings";

export const BOARD_COLUMNS = ["inbox", "ready", "in_progress", "review", "done"] as const satisfies Column[];
export const SHELF_COLUMNS = ["failed", "cancelled"] as const satisfies Column[];
export const ALL_COLUMNS: readonly Column[] = [...BOARD_COLUMNS, ...SHELF_COLUMNS];

export const COLUMN_NAMES: Record<Column, string> = {
  inbox: "Inbox",
  ready: "Ready",
  in_progress: "In flight",
  review: "Review",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function compareIn(column: Column): (a: Card, b: Card) => number {
  return column === "inbox" || column === "ready" ? byClaimOrder : byNewestEntry;
}

/** Priority (10 first), then due date (none last), then age; the id settles ties. */
function byClaimOrder(a: Card, b: Card): number {
  return (
    b.priority - a.priority ||
    (a.due_at ?? Number.MAX_SAFE_INTEGER) - (b.due_at ?? Number.MAX_SAFE_INTEGER) ||
    a.created_at - b.created_at ||
    a.id - b.id
  );
}

function byNewestEntry(a: Card, b: Card): number {
  return b.entered_at - a.entered_at || b.id - a.id;
}
