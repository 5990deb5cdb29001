// A log may have ten million lines, more than any browser can make scrollable in one element. The
// scroller therefore holds a window of lines that slides when its edge comes near; this file decides
// where the window lies. Nothing here touches the page.

/** Lines in the scroller at a time: 100,000 rows of 18 px stay far below the browsers' limit. */
export const WINDOW = 100_000;
/** The window slides when the view comes this near to an edge. */
export const EDGE = 5_000;

export interface LogWindow {
  /** First line in the scroller, 0-based. */
  base: number;
  /** Lines in the scroller. */
  count: number;
}

/** The window that has `line` in it, at the middle where the log allows. */
export function windowAround(line: number, total: number): LogWindow {
  const base = Math.max(0, Math.min(line - WINDOW / 2, total - WINDOW));
  return { base: Math.floor(base), count: Math.min(WINDOW, total) };
}

/** The window after the view moved to `first..last`, or the same object if it may stay. */
export function slide(window: LogWindow, first: number, last: number, total: number): LogWindow {
  const nearTop = window.base > 0 && first - window.base < EDGE;
  const nearEnd = window.base + window.count < total && window.base + window.count - last < EDGE;
  if (nearTop || nearEnd) return windowAround(Math.floor((first + last) / 2), total);
  if (total <= WINDOW && window.count !== total) return { base: 0, count: total };
  return window;
}

/** The window that shows the end of a log. */
export function windowAtEnd(total: number): LogWindow {
  return windowAround(total, total);
}
