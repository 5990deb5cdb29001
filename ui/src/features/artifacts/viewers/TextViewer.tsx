// Plain text with line numbers; only the lines in view are in the page.

import { useMemo, useState } from "react";
import { Button } from "../../../components/Button";
import { grouped } from "../../../components/formats";
import { VirtualLines } from "../../../components/VirtualLines";
import styles from "./viewers.module.css";

const ROW = 18;
/** One line of a minified file must not stall the page. */
const LONGEST = 5_000;

export function TextViewer({ path, text }: { path: string; text: string }) {
  const [wrap, setWrap] = useState(true);
  const lines = useMemo(() => linesOf(text), [text]);
  const longest = useMemo(() => lines.reduce((most, line) => Math.max(most, line.length), 0), [lines]);
  return (
    <div className={styles.stack}>
      <div className={styles.bar}>
        <span>
          {grouped(lines.length)} {lines.length === 1 ? "line" : "lines"}
        </span>
        <Button size="small" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
          {wrap ? "Do not wrap" : "Wrap"}
        </Button>
      </div>
      <VirtualLines
        label={`Text of ${path}`}
        className={styles.fill}
        count={lines.length}
        rowHeight={ROW}
        wrap={wrap}
        width={Math.min(longest, LONGEST) + 10}
        line={(index) => (
          <>
            <span className={styles.number}>{index + 1}</span>
            <span className={styles.text}>{shorten(lines[index] ?? "")}</span>
          </>
        )}
      />
    </div>
  );
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  return lines;
}

function shorten(line: string): string {
  return line.length > LONGEST ? `${line.slice(0, LONGEST)} … ${line.length - LONGEST} more characters` : line;
}
