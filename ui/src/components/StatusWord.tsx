// A state as one word in its colour. The word carries the meaning; the colour only helps.
import type { ReactNode } from "react";
import { classes } from "./css";
import styles from "./StatusWord.module.css";

export type Tone = "plain" | "working" | "signal" | "good" | "bad" | "held" | "unknown";

export function StatusWord({ tone, filled, children }: { tone: Tone; filled?: boolean; children: ReactNode }) {
  return <span className={classes(styles.word, styles[tone], filled && styles.filled)}>{children}</span>;
}

/** A round mark; always beside words that say the same. */
export function Dot({ tone }: { tone: Tone }) {
  return <span aria-hidden="true" className={classes(styles.dot, styles[tone])} />;
}
