// The webhooks: where each sends to, how it fares, and what was sent.
import { useState } from "react";
import type { Project, Webhook } from "../../bindings";
import { Button } from "../../components/Button";
import { serverNow } from "../../components/clock";
import { ConfirmDialog } from "../../components/Dialog";
import rows from "../../components/Rows.module.css";
import { StatusWord } from "../../components/StatusWord";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import { Deliveries } from "./Deliveries";
import styles from "./Webhooks.module.css";
import { heard, stateOf } from "./words";

export interface WebhookListProps {
  webhooks: Webhook[];
  projects: Project[];
  onEdit(webhook: Webhook): void;
}

export function WebhookList({ webhooks, projects, onEdit }: WebhookListProps) {
  return (
    <ul className={rows.list} aria-label="Webhooks">
      {webhooks.map((webhook) => (
        <Row key={webhook.id} webhook={webhook} projects={projects} onEdit={() => onEdit(webhook)} />
      ))}
    </ul>
  );
}

function Row({ webhook, projects, onEdit }: { webhook: Webhook; projects: Project[]; onEdit(): void }) {
  const [log, setLog] = useState(false);
  const state = stateOf(webhook, serverNow());
  const project = projects.find(({ id }) => id === webhook.project);
  return (
    <li className={rows.row} data-testid={`webhook-${webhook.id}`}>
      <div className={rows.head}>
        <span className={rows.name}>{webhook.name}</span>
        <StatusWord tone={state.tone}>{state.word}</StatusWord>
        {state.why && <span className={styles.why}>{state.why}</span>}
      </div>
      <p className={styles.url}>{webhook.url}</p>
      <p className={rows.facts}>
        <span>{heard(webhook.types)}</span>
        {webhook.project !== null && <span>project {project?.name ?? webhook.project}</span>}
        {webhook.private_allowed && <span>private addresses allowed</span>}
        {webhook.waiting > 0 && <span>{webhook.waiting} waiting</span>}
      </p>
      <Buttons webhook={webhook} log={log} onLog={() => setLog(!log)} onEdit={onEdit} />
      {log && <Deliveries webhook={webhook} />}
    </li>
  );
}

interface ButtonsProps {
  webhook: Webhook;
  log: boolean;
  onLog(): void;
  onEdit(): void;
}

function Buttons({ webhook, log, onLog, onEdit }: ButtonsProps) {
  const [asking, setAsking] = useState(false);
  const test = useAction("testWebhook");
  const edit = useAction("editWebhook");
  const remove = useAction("removeWebhook");
  const { id, name, enabled, waiting } = webhook;
  const unseen = <span className="unseen"> {name}</span>;
  const onError = (problem: { message: string; next: string | null }) =>
    toast({ text: problem.message, next: problem.next, tone: "bad" });
  const ping = () =>
    test.mutate(
      { id },
      {
        onError,
        onSuccess: ({ trouble, code, took }) =>
          trouble === null
            ? toast({ text: `${name} answered ${code} in ${took} ms.` })
            : toast({ text: `The test did not arrive: ${trouble}.`, next: "The log has the details.", tone: "bad" }),
      },
    );
  const pause = () =>
    edit.mutate(
      { id, enabled: !enabled },
      {
        onError,
        onSuccess: () => {
          if (enabled && waiting > 0) toast({ text: `${name} is paused; ${waiting} waiting messages were given up.` });
        },
      },
    );
  return (
    <div className={rows.buttons}>
      <Button size="small" disabled={test.isPending} onClick={ping}>
        {test.isPending ? "Sending…" : "Send a test"}
        {unseen}
      </Button>
      <Button size="small" disabled={edit.isPending} onClick={pause}>
        {enabled ? "Pause" : "Resume"}
        {unseen}
      </Button>
      <Button size="small" onClick={onEdit}>
        Edit{unseen}
      </Button>
      <Button size="small" aria-expanded={log} onClick={onLog}>
        Log{unseen}
      </Button>
      <Button size="small" onClick={() => setAsking(true)}>
        Remove{unseen}
      </Button>
      <ConfirmDialog
        open={asking}
        title={`Remove the webhook ${name}?`}
        note="Its secret and its log go with it, and messages that wait are given up. This cannot be undone."
        confirm="Remove"
        danger
        busy={remove.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          remove.mutate({ id }, { onError, onSuccess: () => toast({ text: `The webhook ${name} was removed.` }) });
        }}
      />
    </div>
  );
}
