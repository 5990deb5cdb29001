// A plain page beside the board: a title, a line under it, and what the caller puts there.
import type { ReactNode } from "react";
import styles from "./Page.module.css";

export function Page({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <main className={styles.page}>
      <div className={styles.column}>
        <div>
          <h1 className={styles.title}>{title}</h1>
          {note && <p className={styles.note}>{note}</p>}
        </div>
        {children}
      </div>
    </main>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <h2 className={styles.heading}>{title}</h2>
      {children}
    </section>
  );
}
