// What a schedule means, while it is typed: the sentence, the next five times and what their cards would
// be called; or why it is not understood, and what to write instead.
import { useEffect, useState } from "react";
import { usePreview } from "../../data/queries";
import styles from "./Schedules.module.css";
import { wallClock } from "./when";

const TYPING_MS = 200;

export function SchedulePreview({ when, zone, title }: { when: string; zone: string; title: string }) {
  const settled = useSettled(JSON.stringify({ when: when.trim(), zone: zone.trim(), title: title.trim() }));
  const asked = JSON.parse(settled) as { when: string; zone: string; title: string };
  const preview = usePreview(asked, asked.when !== "");
  return (
    <div className={styles.preview} role="status" aria-label="What this means">
      {asked.when === "" && <p className={styles.hint}>The next five times appear here.</p>}
      {preview.isError && (
        <>
          <p className={styles.bad}>{preview.error.message}</p>
          {preview.error.next && <p className={styles.hint}>{preview.error.next}</p>}
        </>
      )}
      {preview.data && (
        <>
          <p className={styles.meaning}>
            {preview.data.sentence} <code>{preview.data.cron}</code>
          </p>
          <ol>
            {preview.data.next.map((at, index) => (
              <li key={at} className={styles.firing}>
                <time dateTime={new Date(at).toISOString()}>{wallClock(at, preview.data.zone, true)}</time>
                <span>{preview.data.titles[index]}</span>
              </li>
            ))}
          </ol>
        </>
      )}
    </div>
  );
}

/** The value once it has stood for a moment, so that half a word is not asked about. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
