// Answering an agent: its questions in full, the answers that it offers, and a field. What is sent is a comment on the
// card, which the agent that waits is given word for word. Where the question stands in the terminal only, the same
// field types into it.
import { type KeyboardEvent, type Ref, useState } from "react";
import type { Card, Question, Run } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { TextArea } from "../../components/Field";
import { Kbd } from "../../components/Kbd";
import { Markdown } from "../../components/Markdown";
import { ErrorState, InlineError, Skeleton } from "../../components/States";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { useLive, useTask } from "../../data/queries";
import { isLive, newestWork } from "../../data/words";
import styles from "./Answer.module.css";
import { askedOf } from "./question";
import { typed } from "./typed";

export interface AnswerFormProps {
  card: Card;
  run: Run;
  /** What it asks through its tools; none: its question stands in the terminal. */
  questions: Question[];
  field?: Ref<HTMLTextAreaElement>;
  autoFocus?: boolean;
  onSent?(): void;
  onTerminal(): void;
  onOpenLink?(url: string): void;
}

export function AnswerForm(props: AnswerFormProps) {
  const { card, run, questions, field, autoFocus, onSent, onTerminal, onOpenLink } = props;
  const [text, setText] = useState("");
  const comment = useAction("addComment");
  const input = useAction("sendInput");
  const inTerminal = questions.length === 0;
  const line = useLive(card.id)?.lastLine ?? card.run?.last_line;
  const busy = comment.isPending || input.isPending;
  const problem = comment.error ?? input.error;
  const send = (answer: string) => {
    if (answer.trim() === "" || busy) return;
    const onSuccess = () => {
      setText("");
      toast({ text: `${run.agent} has your answer.` });
      onSent?.();
    };
    if (inTerminal) input.mutate({ run: run.id, text: typed(answer) }, { onSuccess });
    else comment.mutate({ task: card.id, body: answer }, { onSuccess });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send(text);
  };
  return (
    <form
      className={styles.form}
      aria-label="Answer"
      onSubmit={(event) => {
        event.preventDefault();
        send(text);
      }}
    >
      <div className={styles.asked} role="status">
        <p className={styles.who}>{run.agent} needs you</p>
        {inTerminal ? (
          <p className={styles.screen}>{run.reason ?? card.why ?? line ?? "Its question is in the terminal."}</p>
        ) : (
          questions.map((question) => (
            <Words key={question.id} text={question.text} busy={busy} onSend={send} onOpenLink={onOpenLink} />
          ))
        )}
      </div>
      <TextArea
        ref={field}
        label={questions.length > 1 ? `One answer to all ${questions.length} questions` : "Your answer"}
        hideLabel={questions.length < 2}
        placeholder={inTerminal ? "Typed into its terminal, then Enter" : `Your answer to ${run.agent}`}
        rows={Math.min(6, text.split("\n").length + 1)}
        autoFocus={autoFocus}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {problem && <InlineError problem={problem} />}
      <div className={styles.foot}>
        {inTerminal && <Button onClick={onTerminal}>Answer in the terminal</Button>}
        <Button type="submit" look="primary" disabled={text.trim() === "" || busy}>
          Answer <Kbd>↵</Kbd>
        </Button>
      </div>
    </form>
  );
}

interface WordsProps {
  text: string;
  busy: boolean;
  onSend(answer: string): void;
  onOpenLink?(url: string): void;
}

function Words({ text, busy, onSend, onOpenLink }: WordsProps) {
  const { words, offers } = askedOf(text);
  return (
    <div className={styles.question}>
      <Markdown onOpenLink={onOpenLink}>{words}</Markdown>
      {offers.length > 0 && (
        <div className={styles.offers}>
          {offers.map((offer) => (
            <Button key={offer} size="small" disabled={busy} onClick={() => onSend(offer)}>
              {offer}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}

export interface AnswerDialogProps {
  card: Card;
  /** Opens the card's page with its terminal. */
  onTerminal(): void;
  onClose(): void;
}

/** The same over the board, where one can go on to the next card. */
export function AnswerDialog({ card, onTerminal, onClose }: AnswerDialogProps) {
  const task = useTask(card.id);
  const run = task.data ? newestWork(task.data.runs) : null;
  return (
    <Dialog open onClose={onClose} title={`${card.key} ${card.title}`} width={620}>
      {task.isError && <ErrorState problem={task.error} onRetry={() => void task.refetch()} />}
      {task.isPending && <Skeleton lines={4} label="Reading the question" />}
      {task.data &&
        (run && isLive(run.status) ? (
          <AnswerForm
            card={card}
            run={run}
            questions={task.data.questions}
            autoFocus
            onSent={onClose}
            onTerminal={onTerminal}
          />
        ) : (
          <p>Nobody waits for an answer any more: the agent has ended.</p>
        ))}
    </Dialog>
  );
}
