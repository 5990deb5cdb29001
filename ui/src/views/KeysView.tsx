// The keys page, one of the settings.
import { useState } from "react";
import type { NewKey } from "../bindings";
import { Button } from "../components/Button";
import { SecretDialog } from "../components/SecretDialog";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { useAgents, useKeys, useProjects } from "../data/queries";
import { KeyDialog } from "../features/keys/KeyDialog";
import { KeyList } from "../features/keys/KeyList";
import { SettingsPage } from "./SettingsPage";

export function KeysView() {
  const keys = useKeys();
  const projects = useProjects().data ?? [];
  const agents = useAgents().data ?? [];
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewKey | null>(null);
  const add = (
    <Button look="primary" onClick={() => setMaking(true)}>
      New key
    </Button>
  );
  return (
    <SettingsPage note="For scripts, other boards and agents that run elsewhere. Your own command line on this machine needs none.">
      {keys.isError && <ErrorState problem={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.isPending && <Skeleton lines={3} height={44} label="Loading keys" />}
      {keys.data?.length === 0 && (
        <EmptyState title="No key yet." action={add}>
          Programs bring a key to “flightboard serve” as <code>Authorization: Bearer</code>. It says what they may do,
          and can be revoked here.
        </EmptyState>
      )}
      {keys.data && keys.data.length > 0 && (
        <>
          <div>{add}</div>
          <KeyList keys={keys.data} projects={projects} />
        </>
      )}
      {making && (
        <KeyDialog
          projects={projects}
          agents={agents}
          onClose={() => setMaking(false)}
          onMade={(fresh) => {
            setMaking(false);
            setMade(fresh);
          }}
        />
      )}
      {made && (
        <SecretDialog
          title={`The key ${made.key.name}`}
          note="Send it as “Authorization: Bearer …” or as “x-api-key”."
          secret={made.secret}
          noun="key"
          onClose={() => setMade(null)}
        />
      )}
    </SettingsPage>
  );
}
