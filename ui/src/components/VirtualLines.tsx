// A scroller for very many lines of text: only the lines in view are in the page. Lines are one row
// high, or wrapped and measured. The caller draws a line and hears which lines are in view.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type ReactNode, type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { classes } from "./css";
import styles from "./VirtualLines.module.css";

export interface VirtualLinesHandle {
  scrollTo(index: number, align: "start" | "center" | "end"): void;
  /** Keeps what is in view in place after `lines` lines were put before it (negative: taken away). */
  shift(lines: number): void;
  /** The lines in view, which `onView` reports as they change. */
  view(): { first: number; last: number } | null;
}

export interface VirtualLinesProps {
  label: string;
  count: number;
  rowHeight: number;
  line(index: number): ReactNode;
  wrap?: boolean;
  /** Width of the longest line in characters, for the sideways scroll bar. */
  width?: number;
  className?: string;
  handle?: Ref<VirtualLinesHandle>;
  onView?(first: number, last: number): void;
  onAtEnd?(atEnd: boolean): void;
}

const NEAR_END_PX = 30;

export function VirtualLines(props: VirtualLinesProps) {
  const { label, count, rowHeight, line, wrap = false, width, className, handle, onView, onAtEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    useFlushSync: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured sizes belong to one way of wrapping
  useEffect(() => rows.measure(), [wrap, rowHeight]);

  useImperativeHandle(handle, () => ({
    scrollTo: (index, align) => rows.scrollToIndex(index, { align }),
    shift: (lines) => {
      if (scroller.current) scroller.current.scrollTop += lines * rowHeight;
    },
    view: () => rows.range && { first: rows.range.startIndex, last: rows.range.endIndex },
  }));

  const items = rows.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (count > 0) onView?.(first, last);
  }, [onView, first, last, count]);

  const scrolled = () => {
    const at = scroller.current;
    if (at) onAtEnd?.(at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_END_PX);
  };

  return (
    <section
      ref={scroller}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
      tabIndex={0}
      className={classes(styles.scroller, className)}
      onScroll={scrolled}
    >
      <div
        className={styles.all}
        style={{ height: rows.getTotalSize(), "--width": wrap || !width ? "100%" : `${width}ch` } as CSSProperties}
      >
        {items.map((item) => (
          <div
            key={item.key}
            ref={wrap ? rows.measureElement : undefined}
            data-index={item.index}
            className={classes(styles.row, wrap && styles.wrapped)}
            style={wrap ? { top: item.start, minHeight: rowHeight } : { top: item.start, height: rowHeight }}
          >
            {line(item.index)}
          </div>
        ))}
      </div>
    </section>
  );
}
