import { describe, expect, it, vi } from "vitest";
import { KEPT, LogPages, PAGE } from "./logPages";

function pagesOf(log: { total: number }) {
  const asked: number[] = [];
  const failed = vi.fn();
  const pages = new LogPages(
    async (first, count) => {
      asked.push(first);
      const lines = Array.from(
        { length: Math.max(0, Math.min(count, log.total - first)) },
        (_, i) => `line ${first + i}`,
      );
      return { lines, total: log.total };
    },
    () => {},
    failed,
  );
  return { pages, asked, failed };
}

const settled = () => new Promise<void>((done) => setTimeout(done));

describe("pages of a log", () => {
  it("are fetched once, however often they are wanted", async () => {
    const { pages, asked } = pagesOf({ total: 5000 });
    pages.want(0, 50);
    pages.want(0, 50);
    await settled();
    pages.want(10, 60);
    await settled();
    expect(asked).toEqual([0]);
    expect(pages.line(42)).toBe("line 42");
    expect(pages.total).toBe(5000);
  });

  it("are forgotten when the view has long moved on", async () => {
    const { pages } = pagesOf({ total: 10_000_000 });
    for (let page = 0; page < 100; page++) {
      pages.want(page * PAGE, page * PAGE + 40);
      await settled();
    }
    expect(pages.held).toBe(KEPT);
    expect(pages.line(0)).toBeUndefined();
    expect(pages.line(99 * PAGE)).toBe(`line ${99 * PAGE}`);
  });

  it("follow a growing end by reading only the last page again", async () => {
    const log = { total: 1500 };
    const { pages, asked } = pagesOf(log);
    pages.want(0, 1499);
    await settled();
    log.total = 1600;
    pages.refreshEnd();
    await settled();
    expect(pages.total).toBe(1600);
    expect(pages.line(1599)).toBe("line 1599");
    expect(asked).toEqual([0, 1000, 1000]);
  });

  it("fetch a page that was short again once the log is known to be longer", async () => {
    const log = { total: 900 };
    const { pages } = pagesOf(log);
    pages.want(0, 899);
    await settled();
    log.total = 2100;
    pages.want(1500, 1600);
    await settled();
    pages.want(899, 950);
    await settled();
    expect(pages.line(950)).toBe("line 950");
  });

  it("report a failed fetch and may be asked again", async () => {
    const failed = vi.fn();
    let broken = true;
    const pages = new LogPages(
      async () => {
        if (broken) throw new Error("gone");
        return { lines: ["back"], total: 1 };
      },
      () => {},
      failed,
    );
    pages.want(0, 0);
    await settled();
    expect(failed).toHaveBeenCalledOnce();
    broken = false;
    pages.want(0, 0);
    await settled();
    expect(pages.line(0)).toBe("back");
  });
});
