import { describe, expect, it } from "vitest";
import { EDGE, slide, WINDOW, windowAround, windowAtEnd } from "./logWindow";

describe("the window on a log", () => {
  it("holds a short log whole", () => {
    expect(windowAround(3, 10)).toEqual({ base: 0, count: 10 });
  });

  it("centres on a line of a long log, and stops at both ends", () => {
    const total = 10_000_000;
    expect(windowAround(5_000_000, total).base).toBe(5_000_000 - WINDOW / 2);
    expect(windowAround(0, total).base).toBe(0);
    expect(windowAtEnd(total)).toEqual({ base: total - WINDOW, count: WINDOW });
  });

  it("stays the same object while the view is well inside", () => {
    const window = windowAround(500_000, 1_000_000);
    expect(slide(window, 500_000, 500_050, 1_000_000)).toBe(window);
  });

  it("slides when the view nears an edge that has more behind it", () => {
    const window = windowAround(500_000, 1_000_000);
    const up = slide(window, window.base + EDGE - 1, window.base + EDGE + 50, 1_000_000);
    expect(up.base).toBeLessThan(window.base);
    const end = window.base + window.count;
    const down = slide(window, end - EDGE, end - EDGE + 50, 1_000_000);
    expect(down.base).toBeGreaterThan(window.base);
  });

  it("does not slide at the log's own ends", () => {
    const top = windowAround(0, 1_000_000);
    expect(slide(top, 0, 40, 1_000_000)).toBe(top);
    const end = windowAtEnd(1_000_000);
    expect(slide(end, 999_950, 1_000_000, 1_000_000)).toBe(end);
  });

  it("grows with a log that still fits", () => {
    expect(slide({ base: 0, count: 10 }, 0, 10, 12)).toEqual({ base: 0, count: 12 });
  });
});
