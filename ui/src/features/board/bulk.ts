// One change to many cards: what it means for each, and what takes it back. Pure.
import type { Card, EditTask } from "../../bindings";

export interface BulkEdit {
  addTags: readonly string[];
  removeTags: readonly string[];
  /** Null: as it is. */
  priority: number | null;
  /** Undefined: as it is; null: any agent. */
  assignee?: string | null;
  /** Undefined: as it is; null: no date. Milliseconds. */
  due?: number | null;
}

/** What is to be sent for the card; null where it is all so already. */
export function changesOf(card: Card, edit: BulkEdit): EditTask | null {
  const request: EditTask = { id: card.id };
  const kept = card.tags.filter((tag) => !edit.removeTags.includes(tag));
  const tags = [...kept, ...edit.addTags.filter((tag) => !kept.includes(tag))];
  if (tags.join("\n") !== card.tags.join("\n")) request.tags = tags;
  if (edit.priority !== null && edit.priority !== card.priority) request.priority = edit.priority;
  if (edit.assignee !== undefined && edit.assignee !== card.assignee) request.assign = { agent: edit.assignee };
  if (edit.due !== undefined && edit.due !== card.due_at) request.due = { at: edit.due };
  return Object.keys(request).length > 1 ? request : null;
}

/** Gives the card back what `request` took from it, and leaves the rest alone. */
export function undoOf(before: Card, request: EditTask): EditTask {
  return {
    id: before.id,
    ...(request.tags && { tags: before.tags }),
    ...(request.priority != null && { priority: before.priority }),
    ...(request.assign && { assign: { agent: before.assignee } }),
    ...(request.due && { due: { at: before.due_at } }),
  };
}
