// JSON as a tree whose branches open on demand: a closed branch costs nothing, and a long array shows
// its first hundred until asked for more. Text that is no JSON is shown as text.

import { useMemo, useState } from "react";
import { classes } from "../../../components/css";
import { grouped } from "../../../components/formats";
import { TextViewer } from "./TextViewer";
import styles from "./viewers.module.css";

export function JsonViewer({ path, text, whole }: { path: string; text: string; whole: boolean }) {
  const parsed = useMemo(() => parse(text), [text]);
  if (!parsed.ok) {
    return (
      <div className={styles.stack}>
        <p className={styles.bar}>
          {whole ? `Not valid JSON: ${parsed.error}` : "Too long for the tree; shown as text."}
        </p>
        <div className={styles.fill}>
          <TextViewer path={path} text={text} />
        </div>
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
    <section className={classes(styles.page, styles.json)} tabIndex={0} aria-label="JSON">
      <Value name={null} value={parsed.value} depth={0} />
    </section>
  );
}

function parse(text: string): { ok: true; value: unknown } | { ok: false; error: string } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (thrown) {
    return { ok: false, error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

const AT_A_TIME = 100;
const OPEN_DEPTH = 2;

interface ValueProps {
  name: string | null;
  value: unknown;
  depth: number;
}

function Value({ name, value, depth }: ValueProps) {
  if (typeof value === "object" && value !== null) return <Branch name={name} value={value} depth={depth} />;
  return (
    <div className={styles.leaf}>
      <Name name={name} />
      <Leaf value={value} />
    </div>
  );
}

function Branch({ name, value, depth }: ValueProps & { value: object }) {
  const list = Array.isArray(value);
  const size = list ? value.length : Object.keys(value).length;
  const [open, setOpen] = useState(depth < OPEN_DEPTH && size <= AT_A_TIME);
  const [most, setMost] = useState(AT_A_TIME);
  const entries = open ? Object.entries(value).slice(0, most) : [];
  const [left, right] = list ? ["[", "]"] : ["{", "}"];
  return (
    <div>
      <button
        type="button"
        className={styles.branch}
        aria-expanded={open}
        disabled={size === 0}
        onClick={() => setOpen(!open)}
      >
        <span className={styles.twist} aria-hidden="true">
          {size === 0 ? " " : open ? "▾" : "▸"}
        </span>
        <Name name={name} />
        <span className={styles.dim}>
          {left}
          {!open && size > 0 && ` ${size} ${list ? (size === 1 ? "item" : "items") : size === 1 ? "key" : "keys"} `}
          {(!open || size === 0) && right}
        </span>
      </button>
      {open && (
        <div className={styles.inside}>
          {entries.map(([key, child]) => (
            <Value key={key} name={list ? null : key} value={child} depth={depth + 1} />
          ))}
          {size > most && (
            <button type="button" className={styles.more} onClick={() => setMost(most + AT_A_TIME * 10)}>
              {grouped(size - most)} more
            </button>
          )}
        </div>
      )}
      {open && size > 0 && <div className={classes(styles.leaf, styles.dim)}>{right}</div>}
    </div>
  );
}

function Name({ name }: { name: string | null }) {
  return name === null ? null : <span className={styles.key}>{JSON.stringify(name)}: </span>;
}

function Leaf({ value }: { value: unknown }) {
  const kind = value === null ? "nothing" : typeof value;
  const look = kind === "string" ? styles.string : kind === "number" ? styles.digits : styles.word;
  return <span className={look}>{JSON.stringify(value)}</span>;
}
