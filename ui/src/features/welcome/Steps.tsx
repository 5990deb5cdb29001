// The first run, as three short steps down one page: agents, a project, a first card.
import type { ReactNode } from "react";
import styles from "./Steps.module.css";

export interface StepProps {
  number: number;
  title: string;
  note: string;
  done?: boolean;
  children: ReactNode;
}

export function Step({ number, title, note, done, children }: StepProps) {
  return (
    <section className={styles.step} aria-label={title}>
      <span className={done ? styles.done : styles.number} aria-hidden="true">
        {done ? "✓" : number}
      </span>
      <div className={styles.body}>
        <h2 className={styles.title}>
          {title}
          {done && <span className="unseen"> (done)</span>}
        </h2>
        <p className={styles.note}>{note}</p>
        {children}
      </div>
    </section>
  );
}
