// A webhook's address, the events that it hears, and whether the address may be a private one.
import { useState } from "react";
import type { Project, Webhook, WebhookAndSecret } from "../../bindings";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Checkbox, Select, TextField } from "../../components/Field";
import rows from "../../components/Rows.module.css";
import { InlineError } from "../../components/States";
import { WordsField } from "../../components/WordsField";
import { useAction } from "../../data/actions";

export interface WebhookDialogProps {
  /** Null: a new one. */
  webhook: Webhook | null;
  projects: Project[];
  onDone(made: WebhookAndSecret): void;
  onClose(): void;
}

export function WebhookDialog({ webhook, projects, onDone, onClose }: WebhookDialogProps) {
  const add = useAction("addWebhook");
  const edit = useAction("editWebhook");
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [name, setName] = useState(webhook?.name ?? "");
  const [types, setTypes] = useState(webhook?.types ?? []);
  const [project, setProject] = useState("");
  const [near, setNear] = useState(webhook?.private_allowed ?? false);
  const [fresh, setFresh] = useState(false);
  const busy = add.isPending || edit.isPending;
  const problem = add.error ?? edit.error;
  const save = () => {
    if (url.trim() === "" || busy) return;
    const fields = { url: url.trim(), name: name.trim() || null, types, private_allowed: near };
    if (webhook) edit.mutate({ id: webhook.id, ...fields, new_secret: fresh }, { onSuccess: onDone });
    else add.mutate({ ...fields, project: project === "" ? null : Number(project) }, { onSuccess: onDone });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={webhook ? `The webhook ${webhook.name}` : "New webhook"}
      note={
        webhook
          ? undefined
          : "Each event is sent there as JSON, signed so that the other side can tell it from a forgery."
      }
      width={560}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="webhook" look="primary" disabled={url.trim() === "" || busy}>
            {webhook ? "Save" : "Add the webhook"}
          </Button>
        </>
      }
    >
      <form
        id="webhook"
        className={rows.form}
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <TextField
          label="Address"
          mono
          placeholder="https://example.com/hooks/flightboard"
          autoFocus
          value={url}
          onChange={(event) => setUrl(event.target.value)}
        />
        <TextField
          label="Name"
          hint="Left empty, the address’s host."
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <WordsField
          label="Events"
          placeholder="All events"
          hint="Such as task, task.completed, run or agent; none is all."
          words={types}
          onChange={setTypes}
        />
        {!webhook && (
          <Select
            label="Of"
            options={[
              { value: "", label: "The whole board" },
              ...projects.map(({ id, name }) => ({ value: String(id), label: `Project ${name}` })),
            ]}
            value={project}
            onChange={(event) => setProject(event.target.value)}
          />
        )}
        <Checkbox
          label="The address may be of this machine or its network"
          hint="Otherwise such addresses are refused, also when a name comes to stand for one."
          checked={near}
          onChange={(event) => setNear(event.target.checked)}
        />
        {webhook && (
          <Checkbox
            label="Make a new secret"
            hint="It signs from the next message on and is shown once; the old one is gone."
            checked={fresh}
            onChange={(event) => setFresh(event.target.checked)}
          />
        )}
        {problem && <InlineError problem={problem} />}
      </form>
    </Dialog>
  );
}
