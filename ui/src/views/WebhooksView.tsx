// The webhooks page, one of the settings.
import { useState } from "react";
import type { Webhook, WebhookAndSecret } from "../bindings";
import { Button } from "../components/Button";
import { SecretDialog } from "../components/SecretDialog";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { useProjects, useWebhooks } from "../data/queries";
import { WebhookDialog } from "../features/webhooks/WebhookDialog";
import { WebhookList } from "../features/webhooks/WebhookList";
import { SettingsPage } from "./SettingsPage";

export function WebhooksView() {
  const webhooks = useWebhooks();
  const projects = useProjects().data ?? [];
  const [editing, setEditing] = useState<Webhook | "new" | null>(null);
  const [made, setMade] = useState<WebhookAndSecret | null>(null);
  const add = (
    <Button look="primary" onClick={() => setEditing("new")}>
      New webhook
    </Button>
  );
  return (
    <SettingsPage note="Addresses that are told of what happens on the board, each message signed and sent again until it arrives.">
      {webhooks.isError && <ErrorState problem={webhooks.error} onRetry={() => void webhooks.refetch()} />}
      {webhooks.isPending && <Skeleton lines={3} height={72} label="Loading webhooks" />}
      {webhooks.data?.length === 0 && (
        <EmptyState title="No webhook yet." action={add}>
          Give an address, and it hears when a card is finished, an agent asks, or a run fails.
        </EmptyState>
      )}
      {webhooks.data && webhooks.data.length > 0 && (
        <>
          <div>{add}</div>
          <WebhookList webhooks={webhooks.data} projects={projects} onEdit={setEditing} />
        </>
      )}
      {editing !== null && (
        <WebhookDialog
          webhook={editing === "new" ? null : editing}
          projects={projects}
          onClose={() => setEditing(null)}
          onDone={(done) => {
            setEditing(null);
            if (done.secret !== null) setMade(done);
          }}
        />
      )}
      {made?.secret && (
        <SecretDialog
          title={`The secret of ${made.webhook.name}`}
          note="The other side checks each message’s “webhook-signature” with it, as the Standard Webhooks specification says."
          secret={made.secret}
          noun="secret"
          onClose={() => setMade(null)}
        />
      )}
    </SettingsPage>
  );
}
