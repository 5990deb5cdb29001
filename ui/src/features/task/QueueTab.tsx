// How one card stands in the queue: whether it is in it and why it waits, who may take it, what it waits
// for, what its failures have cost, and what must approve its work.
import type { ReactNode } from "react";
import type {
  Agent,
  Card,
  Dependency,
  Need,
  PlannedStart,
  PlannedWait,
  TaskDetail,
  TaskId,
  Workflow,
} from "../../bindings";
import { Button, IconButton } from "../../components/Button";
import { CloseIcon } from "../../components/icons";
import { StatusWord } from "../../components/StatusWord";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { isQueued, mayQueue } from "../../data/moves";
import { COLUMN_NAMES } from "../../data/order";
import { useCard } from "../../data/queries";
import { causeWords } from "../../data/words";
import { AddDependency } from "./AddDependency";
import { type GateEditor, GateState } from "./GateState";
import styles from "./QueueTab.module.css";
import { Routing } from "./Routing";

export interface QueueTabProps {
  task: TaskDetail;
  card: Card;
  /** What the plan says of it, while it is ready. */
  planned: PlannedStart | PlannedWait | undefined;
  agents: readonly Agent[];
  gateEditor: GateEditor;
  onQueue(queued: boolean): void;
  onOpen(id: TaskId): void;
}

export function QueueTab({ task, card, planned, agents, gateEditor, onQueue, onOpen }: QueueTabProps) {
  const { queue } = task;
  return (
    <div className={styles.tab}>
      <Block title="Now">
        <State card={card} planned={planned} onQueue={onQueue} />
        {queue.called && <p className={styles.quiet}>You were called: {queue.called}</p>}
        {queue.failures.length > 0 && (
          <p className={styles.quiet}>
            Failures so far: {queue.failures.map(({ cause, count }) => `${causeWords(cause)} ${count} ×`).join(", ")}
          </p>
        )}
      </Block>
      {queue.workflow && (
        <Block title="Workflow">
          <WorkflowState id={card.id} workflow={queue.workflow} />
        </Block>
      )}
      <Block title="Who may take it">
        <Routing task={task} agents={agents} />
      </Block>
      <Block title="Waits for">
        {queue.waits_for.length === 0 && <p className={styles.quiet}>Nothing: it may start at any time.</p>}
        {queue.waits_for.length > 0 && (
          <ul className={styles.list} aria-label="Waits for">
            {queue.waits_for.map((edge) => (
              <Edge key={edge.upstream} id={card.id} edge={edge} onOpen={onOpen} />
            ))}
          </ul>
        )}
        <AddDependency task={task} />
        {queue.holds_up.length > 0 && (
          <p className={styles.quiet}>
            Holds up{" "}
            {queue.holds_up.map((id) => (
              <CardLink key={id} id={id} onOpen={onOpen} />
            ))}
          </p>
        )}
      </Block>
      <Block title="Review">
        <GateState task={task} status={card.status} agents={agents} gateEditor={gateEditor} />
      </Block>
    </div>
  );
}

/** The cards that dependencies join to this one. */
function WorkflowState({ id, workflow }: { id: TaskId; workflow: Workflow }) {
  const resume = useAction("resumeWorkflow");
  const go = () =>
    resume.mutate(
      { id },
      {
        onSuccess: () => toast({ text: "The workflow goes on; what failed is tried again." }),
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
      },
    );
  return (
    <div className={styles.state}>
      <p>
        {workflow.stopped && <StatusWord tone="held">stopped</StatusWord>} {workflow.done} of {workflow.cards} cards
        done
        {workflow.failed > 0 && `, ${workflow.failed} failed`}
        {workflow.stopped && ` · ${workflow.stopped}`}
      </p>
      {workflow.stopped && (
        <Button look="primary" disabled={resume.isPending} onClick={go}>
          Resume the workflow
        </Button>
      )}
    </div>
  );
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={styles.block} aria-label={title}>
      <h2 className={styles.heading}>{title}</h2>
      {children}
    </section>
  );
}

function State({ card, planned, onQueue }: Pick<QueueTabProps, "card" | "planned" | "onQueue">) {
  const queued = isQueued(card);
  return (
    <div className={styles.state}>
      <p className={styles.why} data-testid="queue-why">
        {(queued || card.status === "ready") && (
          <StatusWord tone={queued ? "working" : "plain"}>{queued ? "queued" : "not queued"}</StatusWord>
        )}{" "}
        {planned?.why ?? sentence(card)}
      </p>
      {planned && "rule" in planned && <p className={styles.quiet}>{planned.rule}</p>}
      {queued && <Button onClick={() => onQueue(false)}>Take out of the queue</Button>}
      {mayQueue(card) && (
        <Button look="primary" onClick={() => onQueue(true)}>
          {queued ? "Let it go on" : "Queue"}
        </Button>
      )}
    </div>
  );
}

function sentence(card: Card): string {
  switch (card.status) {
    case "inbox":
      return "It is in the inbox; queueing moves it to Ready.";
    case "ready":
      return card.why ?? "";
    case "failed":
    case "cancelled":
      return `It is in ${COLUMN_NAMES[card.status]}; queueing takes it up again.`;
    case "in_progress":
    case "review":
    case "done":
      return `It is in ${COLUMN_NAMES[card.status]}.`;
  }
}

function Edge({ id, edge, onOpen }: { id: TaskId; edge: Dependency; onOpen(id: TaskId): void }) {
  const remove = useAction("removeDependency");
  const takeOff = () =>
    remove.mutate(
      { id, upstream: edge.upstream },
      { onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }) },
    );
  return (
    <li className={styles.edge}>
      <CardLink id={edge.upstream} onOpen={onOpen} title />
      <span className={styles.quiet}>{NEEDS[edge.need]}</span>
      <StatusWord tone={edge.met ? "good" : "held"}>
        {edge.met ? "met" : COLUMN_NAMES[edge.status].toLowerCase()}
      </StatusWord>
      <IconButton size="small" label={`Do not wait for T-${edge.upstream}`} onClick={takeOff}>
        <CloseIcon />
      </IconButton>
    </li>
  );
}

const NEEDS: Record<Need, string> = { success: "to succeed", failure: "to fail", any: "to end" };

function CardLink({ id, title, onOpen }: { id: TaskId; title?: boolean; onOpen(id: TaskId): void }) {
  const card = useCard(id);
  return (
    <button type="button" className={styles.link} title={card?.title} onClick={() => onOpen(id)}>
      T-{id}
      {title && card && <span className={styles.linkTitle}> {card.title}</span>}
    </button>
  );
}
