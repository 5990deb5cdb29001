// A table of separated values. The first row is its head; rows are drawn as they come into view.

import { type CSSProperties, useMemo } from "react";
import { classes } from "../../../components/css";
import { grouped } from "../../../components/formats";
import { EmptyState } from "../../../components/States";
import { VirtualLines } from "../../../components/VirtualLines";
import { isNumeric, parseCsv } from "../csv";
import styles from "./viewers.module.css";

const MOST_ROWS = 200_000;
const ROW = 26;
const MOST_COLUMNS = 200;

export function CsvViewer({ path, text }: { path: string; text: string }) {
  const table = useMemo(() => parseCsv(text, MOST_ROWS), [text]);
  const widths = useMemo(() => columnWidths(table.rows, Math.min(table.columns, MOST_COLUMNS)), [table]);
  const [head, ...rows] = table.rows;
  if (!head) return <EmptyState title="An empty table" />;
  const columns = { "--columns": widths.map((width) => `${width}ch`).join(" ") } as CSSProperties;
  const width = widths.reduce((sum, each) => sum + each, 0) + 2;
  return (
    <div className={styles.stack} style={columns}>
      <p className={styles.bar}>
        {grouped(rows.length)} {rows.length === 1 ? "row" : "rows"} · {table.columns} columns
        {rows.length >= MOST_ROWS - 1 && " · the rest is left out"}
      </p>
      <VirtualLines
        label={`Table of ${path}`}
        className={classes(styles.fill, styles.table)}
        count={table.rows.length}
        rowHeight={ROW}
        width={width}
        line={(index) => (
          <Cells cells={(index === 0 ? head : table.rows[index]) ?? []} head={index === 0} count={widths.length} />
        )}
      />
    </div>
  );
}

function Cells({ cells, head, count }: { cells: string[]; head: boolean; count: number }) {
  return (
    <span className={classes(styles.cells, head && styles.tableHead)}>
      {Array.from({ length: count }, (_, at) => {
        const cell = cells[at] ?? "";
        return (
          <span
            key={at}
            className={classes(styles.cell, !head && isNumeric(cell) && styles.right)}
            title={cell.length > 40 ? cell : undefined}
          >
            {cell}
          </span>
        );
      })}
    </span>
  );
}

const WIDEST = 42;

/** From the head and the first rows, so that a long table is not read twice. */
function columnWidths(rows: readonly string[][], columns: number): number[] {
  const widths = Array.from({ length: columns }, () => 4);
  for (const row of rows.slice(0, 500)) {
    for (let at = 0; at < columns; at++)
      widths[at] = Math.min(WIDEST, Math.max(widths[at] ?? 4, (row[at]?.length ?? 0) + 3));
  }
  return widths;
}
