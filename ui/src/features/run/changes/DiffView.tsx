// One file's changes as a unified diff. Our own view instead of a library's: it draws only the rows
// in sight (10,000 lines scroll as smoothly as ten), takes its colours from the tokens, survives a
// patch that was cut, and needs no worker, shadow tree or WebAssembly that the page's policy forbids.
import { useMemo, useState } from "react";
import { Button } from "../../../components/Button";
import { CopyButton } from "../../../components/CopyButton";
import { classes } from "../../../components/css";
import { EmptyState } from "../../../components/States";
import { VirtualLines } from "../../../components/VirtualLines";
import styles from "./DiffView.module.css";
import { changedSpans, parsePatch, type Row } from "./patch";

export interface DiffViewProps {
  /** What the diff is of, for its heading. */
  title: string;
  patch: string;
  /** The server sent only the first mebibyte. */
  cut: boolean;
}

const ROW = 20;

export function DiffView({ title, patch, cut }: DiffViewProps) {
  const parsed = useMemo(() => parsePatch(patch), [patch]);
  const [wrap, setWrap] = useState(false);
  if (parsed.binary) return <EmptyState title="A binary file">Its content cannot be compared line by line.</EmptyState>;
  if (parsed.rows.length === 0) {
    return (
      <EmptyState title="No lines changed">Only the file's name or mode is different, or the file is empty.</EmptyState>
    );
  }
  return (
    <div className={styles.view}>
      <div className={styles.head}>
        <span className={styles.title} title={title}>
          {title}
        </span>
        {cut && <span className={styles.cut}>cut after 1 MiB; the rest is in the workspace</span>}
        <span className={styles.tools}>
          <Button
            size="small"
            aria-pressed={wrap}
            className={classes(wrap && styles.on)}
            onClick={() => setWrap(!wrap)}
          >
            Wrap
          </Button>
          <CopyButton text={patch} label="Copy the patch" />
        </span>
      </div>
      <VirtualLines
        label={`Changes in ${title}`}
        className={styles.rows}
        count={parsed.rows.length}
        rowHeight={ROW}
        wrap={wrap}
        width={parsed.longest + 16}
        line={(index) => {
          const row = parsed.rows[index];
          return row ? <DiffRow row={row} rows={parsed.rows} /> : null;
        }}
      />
    </div>
  );
}

const SIGNS = { add: "+", del: "−", same: " " } as const;
const SPOKEN = { add: "added", del: "removed", same: "" } as const;

function DiffRow({ row, rows }: { row: Row; rows: readonly Row[] }) {
  if (row.kind === "hunk") return <span className={styles.hunk}>{row.text}</span>;
  if (row.kind === "note") return <span className={styles.note}>{row.text}</span>;
  return (
    <span className={classes(styles.line, styles[row.kind])}>
      <span className={styles.number}>{row.before}</span>
      <span className={styles.number}>{row.after}</span>
      <span className={styles.sign}>
        <span aria-hidden="true">{SIGNS[row.kind]}</span>
        <span className="unseen">{SPOKEN[row.kind]}</span>
      </span>
      <span className={styles.text}>{textOf(row, rows)}</span>
    </span>
  );
}

function textOf(row: Extract<Row, { text: string; before: unknown }>, rows: readonly Row[]) {
  const other = row.pair === undefined ? undefined : rows[row.pair];
  const span = other ? (changedSpans(row.text, other.text)?.[0] ?? null) : null;
  if (!span) return row.text;
  return (
    <>
      {row.text.slice(0, span.start)}
      <b className={styles.changed}>{row.text.slice(span.start, span.end)}</b>
      {row.text.slice(span.end)}
    </>
  );
}
