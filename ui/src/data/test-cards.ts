// Cards for tests: a builder that names only what matters to the case.
import type { Card, CardRun, RunStatus } from "../bindings";

export function aCard(id: number, fields: Partial<Card> = {}): Card {
  return {
    id,
    key: `T-${id}`,
    title: `Card ${id}`,
    status: "inbox",
    priority: 5,
    project: null,
    tags: [],
    due_at: null,
    assignee: null,
    created_at: id,
    entered_at: id,
    run: null,
    runs: 0,
    artifacts: 0,
    changes: null,
    why: null,
    needs_you: false,
    queued: false,
    trashed: false,
    parent: null,
    progress: null,
    ...fields,
  };
}

export function aRun(status: RunStatus, fields: Partial<CardRun> = {}): CardRun {
  const none = { started_at: 1_000, ended_at: null, last_line: null, cause: null };
  return { id: 1, agent: "claude", status, ...none, ...fields };
}
