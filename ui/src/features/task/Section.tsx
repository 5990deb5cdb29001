// The pieces that the facts column is made of.
import type { ReactNode } from "react";
import { CopyButton } from "../../components/CopyButton";
import styles from "./Facts.module.css";

export function Section({ title, children, more }: { title: string; children: ReactNode; more?: ReactNode }) {
  return (
    <section className={styles.section} aria-label={title}>
      <div className={styles.head}>
        <h2>{title}</h2>
        {more}
      </div>
      {children}
    </section>
  );
}

/** A name and its value, in a `dl`. */
export function Fact({ name, copy, children }: { name: string; copy?: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <span>{children}</span>
        {copy && <CopyButton text={copy} label={`Copy ${name}`} />}
      </dd>
    </>
  );
}
