// What a screen shows when it has nothing yet: empty, an error with its next step, or a skeleton that
// waits 200 ms before it appears so that quick answers do not flicker.
import { type CSSProperties, type ReactNode, useEffect, useState } from "react";
import { Button } from "./Button";
import styles from "./States.module.css";
import { sentence } from "./sentence";

export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={styles.state}>
      <p className={styles.title}>{title}</p>
      {children && <div className={styles.text}>{children}</div>}
      {action && <div className={styles.action}>{action}</div>}
    </div>
  );
}

/** The shape that errors arrive in, spelt here because components know nothing of ours. */
export interface Trouble {
  message: string;
  next: string | null;
}

export function ErrorState({ problem, onRetry }: { problem: Trouble; onRetry?: () => void }) {
  return (
    <div className={styles.state} role="alert">
      <p className={styles.bad}>{sentence(problem.message)}</p>
      {problem.next && <p className={styles.text}>{sentence(problem.next)}</p>}
      {onRetry && (
        <div className={styles.action}>
          <Button onClick={onRetry}>Try again</Button>
        </div>
      )}
    </div>
  );
}

/** The same on one line, inside a form or a row. */
export function InlineError({ problem }: { problem: Trouble }) {
  return (
    <p role="alert" className={styles.inline}>
      {problem.message} {problem.next}
    </p>
  );
}

const SHOW_AFTER_MS = 200;

export function Skeleton({
  lines = 3,
  height = 14,
  label = "Loading",
}: {
  lines?: number;
  height?: number;
  label?: string;
}) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), SHOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-busy="true" className={styles.skeleton} style={{ "--bar": `${height}px` } as CSSProperties}>
      <span className="unseen">{label}</span>
      {shown && Array.from({ length: lines }, (_, at) => <span key={at} className={styles.bar} />)}
    </div>
  );
}
