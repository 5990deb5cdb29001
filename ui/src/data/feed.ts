// Change events to fresh data. Events name what went stale; this fetches it, one batch at a time, so
// that a burst of events about the same cards costs one request and answers never overtake each other.
import type { Board, Card, Event, TaskId } from "../bindings";

export interface Stale {
  tasks: Set<TaskId>;
  everything: boolean;
  projects: boolean;
  agents: boolean;
  settings: boolean;
  schedules: boolean;
  webhooks: boolean;
  keys: boolean;
  /** Something was written: the overview's counts and its “saved” time moved. */
  overview: boolean;
}

export function nothingStale(): Stale {
  return {
    tasks: new Set(),
    everything: false,
    projects: false,
    agents: false,
    settings: false,
    schedules: false,
    webhooks: false,
    keys: false,
    overview: false,
  };
}

/** Folds one event into what is stale. `seen` is the change number that the board already includes. */
export function markStale(stale: Stale, event: Event, seen: number): Stale {
  switch (event.type) {
    case "live":
      return stale;
    case "resync":
      return { ...stale, everything: true };
    case "changed":
      // What is in no log has no number.
      if (event.seq !== 0 && event.seq <= seen) return stale;
      return {
        tasks: new Set([...stale.tasks, ...event.tasks]),
        everything: stale.everything,
        projects: stale.projects || event.projects,
        agents: stale.agents || event.agents,
        settings: stale.settings || event.settings,
        schedules: stale.schedules || event.schedules,
        webhooks: stale.webhooks || event.webhooks,
        keys: stale.keys || event.keys,
        overview: stale.overview || event.seq !== 0,
      };
  }
}

export function isStale(stale: Stale): boolean {
  const { tasks, ...flags } = stale;
  return tasks.size > 0 || Object.values(flags).some(Boolean);
}

export interface FeedSources {
  getBoard(): Promise<Board>;
  getCards(ids: TaskId[]): Promise<Card[]>;
}

export interface FeedSinks {
  takeBoard(board: Board): void;
  takeCards(asked: TaskId[], cards: Card[]): void;
  takeLive(event: Extract<Event, { type: "live" }>): void;
  /** Called with what else went stale, after the cards were refreshed. */
  invalidate(stale: Stale): void;
}

/** More ids than this and the whole board is the cheaper question. */
const MOST_CARDS_AT_ONCE = 500;
const RETRY_MS = 1_000;

export class Feed {
  private stale = nothingStale();
  private seen = 0;
  private running: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly sources: FeedSources,
    private readonly sinks: FeedSinks,
    private readonly retryMs = RETRY_MS,
  ) {}

  hear(event: Event): void {
    if (event.type === "live") return this.sinks.takeLive(event);
    this.stale = markStale(this.stale, event, this.seen);
    this.start();
  }

  /** Asks for these cards again, as if an event had named them. */
  refreshCards(ids: readonly TaskId[]): void {
    this.stale = { ...this.stale, tasks: new Set([...this.stale.tasks, ...ids]) };
    this.start();
  }

  /** Loads the board; rejects with the problem if that fails. */
  async load(): Promise<Board> {
    const board = await this.sources.getBoard();
    this.seen = board.seq;
    this.sinks.takeBoard(board);
    return board;
  }

  stop(): void {
    this.stopped = true;
  }

  /** Resolves once nothing is stale any more. */
  settled(): Promise<void> {
    return this.running ?? Promise.resolve();
  }

  private start(): void {
    if (this.stopped || this.running || !isStale(this.stale)) return;
    this.running = this.drain().finally(() => {
      this.running = null;
    });
  }

  private async drain(): Promise<void> {
    while (!this.stopped && isStale(this.stale)) {
      // One turn of the event loop gathers a burst.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const batch = this.stale;
      this.stale = nothingStale();
      try {
        await this.refresh(batch);
      } catch {
        this.stale = merge(batch, this.stale);
        await new Promise((resolve) => setTimeout(resolve, this.retryMs));
      }
    }
  }

  private async refresh(batch: Stale): Promise<void> {
    if (batch.everything || batch.tasks.size > MOST_CARDS_AT_ONCE) await this.load();
    else if (batch.tasks.size > 0) {
      const asked = [...batch.tasks];
      this.sinks.takeCards(asked, await this.sources.getCards(asked));
    }
    if (!this.stopped) this.sinks.invalidate(batch);
  }
}

function merge(a: Stale, b: Stale): Stale {
  return {
    tasks: new Set([...a.tasks, ...b.tasks]),
    everything: a.everything || b.everything,
    projects: a.projects || b.projects,
    agents: a.agents || b.agents,
    settings: a.settings || b.settings,
    schedules: a.schedules || b.schedules,
    webhooks: a.webhooks || b.webhooks,
    keys: a.keys || b.keys,
    overview: a.overview || b.overview,
  };
}
