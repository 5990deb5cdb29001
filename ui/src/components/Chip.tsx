// A small bordered word: a tag, a priority.
import type { ReactNode } from "react";
import styles from "./Chip.module.css";
import { classes } from "./css";

export function Chip({ children, loud, onRemove }: { children: ReactNode; loud?: boolean; onRemove?: () => void }) {
  return (
    <span className={classes(styles.chip, loud && styles.loud)}>
      {children}
      {onRemove && (
        <button type="button" className={styles.remove} aria-label={`Remove ${String(children)}`} onClick={onRemove}>
          ×
        </button>
      )}
    </span>
  );
}
