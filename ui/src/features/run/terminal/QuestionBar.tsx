// What the terminal may not do without a person: open a link, write the clipboard, paste lines that
// would run as commands. Each question shows exactly what would happen.
import { useEffect, useRef } from "react";
import { asProblem } from "../../../backend/backend";
import { Button } from "../../../components/Button";
import { toast } from "../../../components/Toast";
import { useBackend } from "../../../data/context";
import type { Paste } from "./paste";
import type { Question } from "./session";
import styles from "./Terminal.module.css";

export interface QuestionBarProps {
  question: Question;
  agent: string;
  onPaste(paste: Paste): void;
  onDone(): void;
}

export function QuestionBar({ question, agent, onPaste, onDone }: QuestionBarProps) {
  const first = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new question takes the keyboard
  useEffect(() => first.current?.focus(), [question]);
  return (
    <div
      className={styles.bar}
      role="alertdialog"
      aria-label="The terminal asks"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onDone();
      }}
    >
      <Body question={question} agent={agent} onPaste={onPaste} onDone={onDone} first={first} />
    </div>
  );
}

function Body({ question, agent, onPaste, onDone, first }: QuestionBarProps & { first: React.Ref<HTMLButtonElement> }) {
  const backend = useBackend();
  const then = (done: Promise<unknown>, said?: string) => {
    done.then(
      () => said && toast({ text: said }),
      (thrown) => {
        const problem = asProblem(thrown);
        toast({ text: problem.message, next: problem.next, tone: "bad" });
      },
    );
    onDone();
  };
  switch (question.kind) {
    case "link":
      return (
        <>
          <p className={styles.ask}>
            Open <b className={styles.place}>{question.target.place}</b>? <code>{question.target.url}</code>
          </p>
          <Button ref={first} size="small" look="primary" onClick={() => then(backend.openUrl(question.target.url))}>
            Open
          </Button>
          <Button size="small" onClick={() => then(navigator.clipboard.writeText(question.target.url), "Link copied.")}>
            Copy
          </Button>
          <Button size="small" onClick={onDone}>
            Cancel
          </Button>
        </>
      );
    case "refused-link":
      return (
        <>
          <p className={styles.ask}>
            Only http, https and mailto links are opened. <code>{question.text}</code>
          </p>
          <Button size="small" onClick={() => then(navigator.clipboard.writeText(question.text), "Link copied.")}>
            Copy
          </Button>
          <Button ref={first} size="small" onClick={onDone}>
            Close
          </Button>
        </>
      );
    case "clipboard":
      return (
        <>
          <p className={styles.ask}>
            {agent} wants to put {question.text.length} characters on the clipboard:{" "}
            <code>{preview(question.text)}</code>
          </p>
          <Button size="small" onClick={() => then(navigator.clipboard.writeText(question.text), "Copied.")}>
            Allow
          </Button>
          <Button ref={first} size="small" onClick={onDone}>
            Deny
          </Button>
        </>
      );
    case "paste":
      return (
        <>
          <p className={styles.ask}>
            Paste {question.paste.lines} lines? The program may run each as a command:{" "}
            <code>{preview(question.paste.text)}</code>
          </p>
          <Button
            size="small"
            look="primary"
            onClick={() => {
              onPaste(question.paste);
              onDone();
            }}
          >
            Paste
          </Button>
          <Button ref={first} size="small" onClick={onDone}>
            Cancel
          </Button>
        </>
      );
  }
}

function preview(text: string): string {
  const line = text.replace(/\n/g, "⏎");
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}
