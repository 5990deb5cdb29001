// The Timeline tab: what happened to the card, day by day, comments in their place, newest last, and
// a box to add one.

import { useState } from "react";
import type { Comment, TaskId, TimelineEntry } from "../../bindings";
import { Button } from "../../components/Button";
import { serverNow } from "../../components/clock";
import { TextArea } from "../../components/Field";
import { exactTime, grouped } from "../../components/formats";
import { Markdown } from "../../components/Markdown";
import { EmptyState } from "../../components/States";
import { useAction } from "../../data/actions";
import { byDay, clock, dayName, type Moment, moments } from "./days";
import styles from "./Timeline.module.css";

export interface TimelineProps {
  id: TaskId;
  entries: readonly TimelineEntry[];
  comments: readonly Comment[];
  onOpenLink(url: string): void;
}

/** A restless agent leaves thousands of entries; the newest are what is asked for. */
const AT_A_TIME = 300;

export function Timeline({ id, entries, comments, onOpenLink }: TimelineProps) {
  const [most, setMost] = useState(AT_A_TIME);
  const all = moments(entries, comments);
  const days = byDay(all.slice(-most));
  const now = serverNow();
  return (
    <div className={styles.timeline}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
      <section className={styles.days} tabIndex={0} aria-label="History">
        {days.length === 0 && <EmptyState title="Nothing has happened yet" />}
        {all.length > most && (
          <Button size="small" onClick={() => setMost(most + AT_A_TIME)}>
            Show earlier ({grouped(all.length - most)})
          </Button>
        )}
        {days.map((day) => (
          <section key={day.date} aria-label={dayName(day.date, now)}>
            <h2 className={styles.day}>{dayName(day.date, now)}</h2>
            <ol>
              {day.moments.map((moment) => (
                <li key={moment.id} className={styles.moment}>
                  <time dateTime={new Date(moment.at).toISOString()} title={exactTime(moment.at)}>
                    {clock(moment.at)}
                  </time>
                  <span className={styles.actor}>{moment.actor}</span>
                  <Words moment={moment} onOpenLink={onOpenLink} />
                </li>
              ))}
            </ol>
          </section>
        ))}
      </section>
      <CommentBox id={id} />
    </div>
  );
}

function Words({ moment, onOpenLink }: { moment: Moment; onOpenLink(url: string): void }) {
  if (moment.kind === "event") return <span className={styles.words}>{moment.text}</span>;
  return (
    <div className={moment.answers === null ? styles.comment : `${styles.comment} ${styles.reply}`}>
      {moment.answers !== null && <p className={styles.answers}>In reply to {moment.answers}</p>}
      <Markdown onOpenLink={onOpenLink}>{moment.body}</Markdown>
    </div>
  );
}

function CommentBox({ id }: { id: TaskId }) {
  const [body, setBody] = useState("");
  const add = useAction("addComment");
  const send = () => {
    if (body.trim() === "" || add.isPending) return;
    add.mutate({ task: id, body: body.trim() }, { onSuccess: () => setBody("") });
  };
  const error = add.error ? [add.error.message, add.error.next].filter(Boolean).join(" ") : null;
  return (
    <form
      className={styles.box}
      aria-label="Add a comment"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <TextArea
        label="Comment"
        hideLabel
        rows={2}
        placeholder="Comment (Markdown)"
        value={body}
        error={error}
        onChange={(event) => setBody(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          send();
        }}
      />
      <Button type="submit" disabled={body.trim() === "" || add.isPending} title="Ctrl+Enter">
        Comment
      </Button>
    </form>
  );
}
