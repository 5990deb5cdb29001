// The foot of the page: the question that stands in the terminal while the agent waits for a person, and the box
// that types a message into it.
import { useRef, useState } from "react";
import type { Card, Run } from "../../bindings";
import { Button } from "../../components/Button";
import { InlineError } from "../../components/States";
import { useAction } from "../../data/actions";
import { isLive } from "../../data/words";
import styles from "./Talk.module.css";
import { typed } from "./typed";

export interface AskBarProps {
  card: Card;
  run: Run;
  /** Shows the terminal and puts the keyboard into it. */
  onAnswer(): void;
}

/** Only drawn while a person is needed. */
export function AskBar({ card, run, onAnswer }: AskBarProps) {
  const question = run.reason ?? card.why;
  return (
    <div className={styles.ask} role="status" data-testid="ask-bar">
      <p className={styles.words}>
        <b className={styles.who}>{run.agent} needs you</b>{" "}
        {question ? <span className={styles.question}>{question}</span> : <span>Its question is in the terminal.</span>}
      </p>
      <Button look="primary" onClick={onAnswer}>
        Answer in the terminal
      </Button>
    </div>
  );
}

export function MessageBox({ run }: { run: Run | null }) {
  const [text, setText] = useState("");
  const send = useAction("sendInput");
  const field = useRef<HTMLTextAreaElement>(null);
  const reason = whyNot(run);
  const submit = () => {
    if (reason !== null || run === null || text.trim() === "" || send.isPending) return;
    send.mutate(
      { run: run.id, text: typed(text) },
      {
        onSuccess: () => {
          setText("");
          field.current?.focus();
        },
      },
    );
  };
  return (
    <form
      className={styles.say}
      aria-label="Message to the agent"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className={styles.box}>
        <textarea
          ref={field}
          className={styles.field}
          aria-label="Message"
          rows={Math.min(6, text.split("\n").length)}
          value={text}
          disabled={reason !== null}
          placeholder={reason ?? `Message ${run?.agent}: typed into its terminal, then Enter`}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey || !event.shiftKey);
            if (!sends || event.nativeEvent.isComposing) return;
            event.preventDefault();
            submit();
          }}
        />
        {send.error && <InlineError problem={send.error} />}
      </div>
      <Button type="submit" disabled={reason !== null || text.trim() === "" || send.isPending} title="Ctrl+Enter">
        Send
      </Button>
    </form>
  );
}

/** Why nothing can be typed now, or null. */
function whyNot(run: Run | null): string | null {
  if (run === null) return "No agent runs on this card. Press Run to start one.";
  if (!isLive(run.status)) return `${run.agent} has ended, so there is nobody to read a message.`;
  if (run.status === "queued" || run.status === "preparing") return `${run.agent} is being started…`;
  return null;
}
