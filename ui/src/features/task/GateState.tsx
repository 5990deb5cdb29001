// What must approve the card's work, how far that has come, and every verdict with what was said.
import { type ComponentType, useState } from "react";
import type { Agent, Gate, Review, Status, Step, TaskDetail } from "../../bindings";
import { Button } from "../../components/Button";
import { Checkbox } from "../../components/Field";
import { InlineError } from "../../components/States";
import { StatusWord, type Tone } from "../../components/StatusWord";
import { RelativeTime } from "../../components/Time";
import { useAction } from "../../data/actions";
import styles from "./QueueTab.module.css";

/** Belongs to another feature; the page hands it in. */
export type GateEditor = ComponentType<{ gate: Gate; agents: readonly Agent[]; onChange(gate: Gate): void }>;

export interface GateStateProps {
  task: TaskDetail;
  status: Status;
  agents: readonly Agent[];
  gateEditor: GateEditor;
}

export function GateState({ task, status, agents, gateEditor }: GateStateProps) {
  const [editing, setEditing] = useState(false);
  const { queue } = task;
  return (
    <>
      {editing ? (
        <GateForm task={task} agents={agents} editor={gateEditor} onClose={() => setEditing(false)} />
      ) : (
        <div className={styles.state}>
          {queue.gate.length === 0 ? (
            <p className={styles.quiet}>No gate: a person decides when it is done.</p>
          ) : (
            <ol className={styles.list} aria-label="Steps of the gate">
              {queue.gate.map((step, at) => (
                <StepLine key={at} step={step} at={at} reviews={queue.reviews} round={queue.round} status={status} />
              ))}
            </ol>
          )}
          <p className={styles.quiet}>{queue.own_gate ? "This card’s own gate." : "As the project has it."}</p>
          <Button size="small" onClick={() => setEditing(true)}>
            Change<span className="unseen"> the gate</span>
          </Button>
        </div>
      )}
      {queue.reviews.length > 0 && (
        <ol className={styles.verdicts} aria-label="Verdicts">
          {[...queue.reviews].reverse().map((review, at) => (
            <Verdict key={queue.reviews.length - at} review={review} />
          ))}
        </ol>
      )}
    </>
  );
}

interface StepLineProps {
  step: Step;
  at: number;
  reviews: readonly Review[];
  round: number;
  status: Status;
}

function StepLine({ step, at, reviews, round, status }: StepLineProps) {
  const newest = reviews.filter((review) => review.round === round && review.step === at).at(-1);
  const [tone, word] = newest ? verdictWord(newest) : waitingWord(status);
  return (
    <li className={styles.edge}>
      <span className={styles.place}>{at + 1}</span>
      <span className={styles.stepWords}>{stepWords(step)}</span>
      <StatusWord tone={tone}>{word}</StatusWord>
    </li>
  );
}

function waitingWord(status: Status): [Tone, string] {
  if (status === "done") return ["plain", "not asked"];
  return status === "review" ? ["plain", "open"] : ["plain", "later"];
}

export function verdictWord({ verdict }: Pick<Review, "verdict">): [Tone, string] {
  if (verdict === null) return ["unknown", "no verdict"];
  return verdict === "approved" ? ["good", "approved"] : ["bad", "rejected"];
}

function stepWords(step: Step): string {
  switch (step.kind) {
    case "check":
      return step.command.join(" ");
    case "agent":
      return `${step.agent} reviews`;
    case "person":
      return "a person approves";
  }
}

function Verdict({ review }: { review: Review }) {
  const [tone, word] = verdictWord(review);
  return (
    <li className={styles.verdict}>
      <p className={styles.verdictHead}>
        <StatusWord tone={tone}>{word}</StatusWord>
        <span>by {review.reviewer}</span>
        <span className={styles.quiet}>round {review.round}</span>
        <RelativeTime at={review.at} />
      </p>
      {review.notes && <pre className={styles.notes}>{review.notes}</pre>}
      {review.prompt && (
        <details className={styles.asked}>
          <summary>What the reviewer was asked</summary>
          <pre className={styles.notes}>{review.prompt}</pre>
        </details>
      )}
    </li>
  );
}

interface GateFormProps {
  task: TaskDetail;
  agents: readonly Agent[];
  editor: GateEditor;
  onClose(): void;
}

function GateForm({ task, agents, editor: Editor, onClose }: GateFormProps) {
  const [own, setOwn] = useState(task.queue.own_gate);
  const [gate, setGate] = useState<Gate>(task.queue.gate);
  const edit = useAction("editTask");
  const save = () =>
    edit.mutate({ id: task.card.id, routing: { gate: { steps: own ? gate : null } } }, { onSuccess: onClose });
  return (
    <div className={styles.form}>
      <Checkbox label="A gate of its own" checked={own} onChange={(event) => setOwn(event.target.checked)} />
      {own && <Editor gate={gate} agents={agents} onChange={setGate} />}
      {edit.error && <InlineError problem={edit.error} />}
      <div className={styles.formFoot}>
        <Button size="small" onClick={onClose}>
          Cancel
        </Button>
        <Button size="small" look="primary" disabled={edit.isPending} onClick={save}>
          Save
        </Button>
      </div>
    </div>
  );
}
