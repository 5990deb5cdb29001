// Keeps the pages of log lines around the view and forgets the rest, so that a log of any size
// costs the memory of a few thousand lines. Pages are fetched once each; the last page of a
// growing log is fetched again when it has grown.

export const PAGE = 1_000;
/** Pages kept; the view itself needs two at most. */
export const KEPT = 12;

/** A line longer than this is shown cut; the raw log has all of it. */
export const LONGEST = 5_000;

export interface FetchedLines {
  lines: string[];
  /** Lines in the whole log at the time of the fetch. */
  total: number;
}

interface Page {
  lines: string[];
  /** False when lines may have been added to this page since. */
  full: boolean;
}

export class LogPages {
  /** In order of use, oldest first. */
  private readonly pages = new Map<number, Page>();
  private readonly fetching = new Set<number>();
  total = 0;
  /** Characters in the longest line seen so far. */
  longest = 0;

  constructor(
    private readonly fetch: (first: number, count: number) => Promise<FetchedLines>,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** The line, or undefined while its page is not here. Asking is what keeps a page. */
  line(index: number): string | undefined {
    const page = this.pages.get(Math.floor(index / PAGE));
    return page?.lines[index % PAGE];
  }

  /** Fetches what is missing of `first..last` (inclusive). */
  want(first: number, last: number): void {
    for (let page = Math.floor(Math.max(0, first) / PAGE); page <= Math.floor(Math.max(0, last) / PAGE); page++) {
      const kept = this.pages.get(page);
      if (kept) this.touch(page, kept);
      if (!kept || (!kept.full && this.isStale(page, kept))) this.load(page);
    }
  }

  /** The log has grown: reads its end again, which also tells the new total. */
  refreshEnd(): void {
    this.load(Math.floor(Math.max(0, this.total - 1) / PAGE));
  }

  private isStale(page: number, kept: Page): boolean {
    return page * PAGE + kept.lines.length < this.total;
  }

  private touch(page: number, kept: Page): void {
    this.pages.delete(page);
    this.pages.set(page, kept);
  }

  private load(page: number): void {
    if (this.fetching.has(page)) return;
    this.fetching.add(page);
    this.fetch(page * PAGE, PAGE)
      .then((answer) => this.keep(page, answer), this.failed)
      .finally(() => this.fetching.delete(page));
  }

  private keep(page: number, { lines, total }: FetchedLines): void {
    this.touch(page, { lines, full: lines.length >= PAGE });
    this.total = Math.max(this.total, total);
    for (const line of lines) this.longest = Math.max(this.longest, line.length);
    while (this.pages.size > KEPT) {
      const oldest = this.pages.keys().next().value;
      if (oldest === undefined) break;
      this.pages.delete(oldest);
    }
    this.changed();
  }

  /** Pages held now; for the tests of the memory bound. */
  get held(): number {
    return this.pages.size;
  }
}
