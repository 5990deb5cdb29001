// What the fake engine makes and takes apart: cards, runs, a card's page, lines and bytes of output. Values in, values
// out; what happens to them is in fake.ts.
import type { AddTask, Card, Status as Column, Problem, ProblemCode, Run, StartRun, TaskDetail } from "../bindings";
import { type FakeTask, plainQueue, type Scene } from "./fake-scene";

export function refuse(code: ProblemCode, message: string, next: string | null = null): never {
  throw { code, message, next } satisfies Problem;
}

export function checkTitle(title: string): void {
  const length = [...title.trim()].length;
  if (length === 0) refuse("invalid", "A card needs a title.", "Write a few words.");
  if (length > 500)
    refuse("invalid", `The title has ${length} characters; 500 is the most.`, "Move the rest to the description.");
}

export function newCard(world: Scene, request: AddTask): Card {
  checkTitle(request.title);
  world.lastTask += 1;
  return {
    id: world.lastTask,
    key: `T-${world.lastTask}`,
    title: request.title.trim(),
    status: request.column ?? "inbox",
    priority: request.priority ?? 5,
    project: request.project ?? null,
    tags: request.tags ?? [],
    due_at: request.due_at ?? null,
    assignee: request.assignee ?? null,
    created_at: Date.now(),
    entered_at: Date.now(),
    run: null,
    runs: 0,
    artifacts: 0,
    changes: null,
    why: null,
    needs_you: false,
    queued: request.queued ?? false,
    trashed: false,
    parent: request.parent ?? null,
    progress: null,
  };
}

export function emptyTask(card: Card, description: string): FakeTask {
  return { card, description, version: 1, runs: [], artifacts: [], comments: [], timeline: [], queue: plainQueue() };
}

export function newRun(world: Scene, task: FakeTask, request: StartRun): Run {
  world.lastRun += 1;
  return {
    id: world.lastRun,
    task: task.card.id,
    attempt: task.runs.length + 1,
    agent: request.agent,
    agent_version: "1.0.0",
    mode: request.mode ?? "interactive",
    model: request.model ?? null,
    status: "preparing",
    evidence: null,
    reason: null,
    created_at: Date.now(),
    started_at: null,
    ended_at: null,
    exit_code: null,
    signal: null,
    session: null,
    workspace: {
      path: `/home/ada/.local/share/flightboard/work/t-${task.card.id}`,
      kind: "worktree",
      branch: `flightboard/t-${task.card.id}`,
      base: "4f1c2d9",
      present: true,
      salvage: null,
    },
    output_bytes: 0,
    argv: request.argv ?? [request.agent],
    survivors: [],
    review: null,
    rule: null,
  };
}

export function cardRun(run: Run): NonNullable<Card["run"]> {
  const { id, agent, status, started_at, ended_at } = run;
  const cause = status === "failed" ? "exited_non_zero" : null;
  return { id, agent, status, started_at, ended_at, last_line: null, cause };
}

const MOVES: Column[] = ["inbox", "ready", "review", "done", "failed", "cancelled"];

export function detailIn(world: Scene, task: FakeTask): TaskDetail {
  const { card, description, version, runs, artifacts, comments, attachments = [] } = task;
  const cards = [...world.tasks.values()].map((other) => other.card);
  return {
    attachments,
    questions: [],
    parent: cards.find((other) => other.id === card.parent) ?? null,
    subtasks: cards.filter((other) => other.parent === card.id && !other.trashed),
    card,
    issue: null,
    uid: "0190a1b2-0000-7000-8000-000000000001",
    description,
    version,
    updated_at: card.entered_at,
    runs,
    artifacts,
    comments,
    moves: MOVES.filter((column) => column !== card.status),
    queue: { ...task.queue, queued: card.queued },
  };
}

export function plainLines(output: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
  const plain = output.replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r/g, "");
  const lines = plain.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
