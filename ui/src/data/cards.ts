// The board's cards, one by one. Each card has its own listeners, so that an event about one card
// redraws one card and nothing else; columns have theirs, heard only when membership or order moves.
import type { Board, Card, Status as Column, ProjectId, QueuePlan, RunId, RunStatus, TaskId } from "../bindings";
import { ALL_COLUMNS, BOARD_COLUMNS, compareIn } from "./order";
import { hasLiveRun } from "./words";

/** A live run's newest line: fresher than the card, never stored. */
export interface Live {
  run: RunId;
  status: RunStatus;
  lastLine: string | null;
  outputBytes: number;
}

type Stop = () => void;

/** The kinds of news there are, beside a card's own. */
type Topic = `card:${TaskId}` | `live:${TaskId}` | `plan:${TaskId}` | `column:${Column}` | "counts";

export class Cards {
  private readonly byId = new Map<TaskId, Card>();
  private readonly live = new Map<TaskId, Live>();
  private planned: ReadonlyMap<TaskId, string> = new Map();
  private columns = emptyColumns();
  private readonly listeners = new Map<Topic, Set<() => void>>();
  private countsVersion = 0;

  card(id: TaskId): Card | undefined {
    return this.byId.get(id);
  }

  liveOf(id: TaskId): Live | undefined {
    return this.live.get(id);
  }

  plannedOf(id: TaskId): string | undefined {
    return this.planned.get(id);
  }

  /** Takes what the queue says of each card; those that hear of it are the ones whose sentence is another. */
  takePlan(plan: Pick<QueuePlan, "starts" | "waits">): void {
    const before = this.planned;
    this.planned = sentences(plan);
    for (const id of new Set([...before.keys(), ...this.planned.keys()])) {
      if (before.get(id) !== this.planned.get(id)) this.tell(`plan:${id}`);
    }
  }

  /** Ids in board order; the same array until the column changes. Cards in the trash are left out. */
  column(column: Column): readonly TaskId[] {
    return this.columns[column];
  }

  all(): IterableIterator<Card> {
    return this.byId.values();
  }

  /** Rises whenever anything that can be counted over cards may have changed. */
  version(): number {
    return this.countsVersion;
  }

  listen(topic: Topic, heard: () => void): Stop {
    const set = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, set.add(heard));
    return () => {
      set.delete(heard);
      if (set.size === 0 && this.listeners.get(topic) === set) this.listeners.delete(topic);
    };
  }

  /** Takes a whole board: what it does not name is gone. */
  replaceAll(board: Pick<Board, "cards">): void {
    const gone = new Set(this.byId.keys());
    const changed: Card[] = [];
    for (const card of board.cards) {
      gone.delete(card.id);
      if (!same(this.byId.get(card.id), card)) changed.push(card);
      this.byId.set(card.id, card);
    }
    for (const id of gone) this.byId.delete(id);
    for (const id of [...this.live.keys()]) this.dropStaleLive(id);
    this.columns = columnsOf(this.byId.values());
    for (const card of changed) this.tell(`card:${card.id}`);
    for (const id of gone) this.tell(`card:${id}`);
    for (const column of ALL_COLUMNS) this.tell(`column:${column}`);
    this.tellCounts();
  }

  /** Takes fresh cards; ids asked for but not answered are gone. */
  update(asked: readonly TaskId[], fresh: readonly Card[]): void {
    const answered = new Map(fresh.map((card) => [card.id, card]));
    for (const id of asked) {
      if (!answered.has(id)) this.remove(id);
    }
    this.put(...fresh);
  }

  put(...cards: Card[]): void {
    const touched = new Set<Column>();
    for (const card of cards) {
      const before = this.byId.get(card.id);
      if (same(before, card)) continue;
      this.byId.set(card.id, card);
      this.dropStaleLive(card.id);
      if (before && (before.status !== card.status || before.trashed || hidden(card))) touched.add(before.status);
      if (!before || movedWithin(before, card)) touched.add(card.status);
      this.tell(`card:${card.id}`);
    }
    this.reorder(touched);
    this.tellCounts();
  }

  setLive(id: TaskId, live: Live): void {
    const card = this.byId.get(id);
    if (card?.run && card.run.id === live.run && !hasLiveRun(card)) return;
    this.live.set(id, live);
    this.tell(`live:${id}`);
  }

  private remove(id: TaskId): void {
    const card = this.byId.get(id);
    if (!card) return;
    this.byId.delete(id);
    this.live.delete(id);
    this.tell(`card:${id}`);
    this.reorder(new Set([card.status]));
    this.tellCounts();
  }

  private dropStaleLive(id: TaskId): void {
    const live = this.live.get(id);
    const card = this.byId.get(id);
    if (!live || (card?.run?.id === live.run && hasLiveRun(card))) return;
    this.live.delete(id);
    this.tell(`live:${id}`);
  }

  private reorder(columns: ReadonlySet<Column>): void {
    if (columns.size === 0) return;
    const fresh = columnsOf(this.byId.values(), columns);
    this.columns = { ...this.columns, ...fresh };
    for (const column of columns) this.tell(`column:${column}`);
  }

  private tellCounts(): void {
    this.countsVersion += 1;
    this.tell("counts");
  }

  private tell(topic: Topic): void {
    for (const heard of [...(this.listeners.get(topic) ?? [])]) heard();
  }
}

/** Said by the card itself, or by its being where it is. */
const SAID_ELSEWHERE = new Set(["by_hand", "held"]);

function sentences({ starts, waits }: Pick<QueuePlan, "starts" | "waits">): Map<TaskId, string> {
  const told = new Map(starts.map(({ task, why }) => [task, why]));
  for (const { task, code, why } of waits) if (!SAID_ELSEWHERE.has(code)) told.set(task, why);
  return told;
}

function emptyColumns(): Record<Column, TaskId[]> {
  return Object.fromEntries(ALL_COLUMNS.map((column) => [column, []])) as unknown as Record<Column, TaskId[]>;
}

function columnsOf(cards: Iterable<Card>, only?: ReadonlySet<Column>): Record<Column, TaskId[]> {
  const wanted = only ? [...only] : ALL_COLUMNS;
  const piles = Object.fromEntries(wanted.map((column) => [column, [] as Card[]])) as Record<Column, Card[]>;
  for (const card of cards) {
    if (!hidden(card)) piles[card.status]?.push(card);
  }
  const sorted = wanted.map((column) => [column, piles[column].sort(compareIn(column)).map((card) => card.id)]);
  return Object.fromEntries(sorted) as Record<Column, TaskId[]>;
}

/** How many cards of each project are neither done nor given up. */
export function openByProject(cards: Cards): Record<ProjectId, number> {
  const open: Record<ProjectId, number> = {};
  for (const column of BOARD_COLUMNS) {
    if (column === "done") continue;
    for (const id of cards.column(column)) {
      const project = cards.card(id)?.project;
      if (project != null) open[project] = (open[project] ?? 0) + 1;
    }
  }
  return open;
}

function hidden(card: Card): boolean {
  return card.trashed;
}

/** Whether a column that shows both must be sorted or filtered again. */
function movedWithin(before: Card, after: Card): boolean {
  return (
    before.status !== after.status ||
    before.trashed !== after.trashed ||
    before.priority !== after.priority ||
    before.due_at !== after.due_at ||
    before.assignee !== after.assignee ||
    before.entered_at !== after.entered_at ||
    before.title !== after.title ||
    before.project !== after.project ||
    before.run?.agent !== after.run?.agent ||
    before.tags.join(" ") !== after.tags.join(" ")
  );
}

function same(a: Card | undefined, b: Card): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
