// The agents page: what the doctor says.
import { Button } from "../components/Button";
import { ErrorState, Skeleton } from "../components/States";
import { toast } from "../components/Toast";
import { useBackend } from "../data/context";
import { useDoctor } from "../data/queries";
import { AgentTable } from "../features/agents/AgentTable";
import { Checks } from "../features/agents/Checks";
import { Page, Section } from "./Page";

export function AgentsView() {
  const doctor = useDoctor();
  const backend = useBackend();
  const openDocs = (url: string) =>
    void backend.openUrl(url).catch(() => toast({ text: `The page could not be opened: ${url}`, tone: "bad" }));
  return (
    <Page title="Agents" note="Programs that Flightboard can start. They are looked for on your login shell’s PATH.">
      {doctor.isError && <ErrorState problem={doctor.error} onRetry={() => void doctor.refetch()} />}
      {doctor.isPending && <Skeleton lines={6} height={32} label="Looking for agents" />}
      {doctor.data && (
        <>
          <Section title="Agents">
            <AgentTable agents={doctor.data.agents} onOpenDocs={openDocs} />
          </Section>
          <Section title="This machine">
            <Checks checks={doctor.data.checks} />
          </Section>
          <div>
            <Button disabled={doctor.isFetching} onClick={() => void doctor.refetch()}>
              {doctor.isFetching ? "Looking…" : "Look again"}
            </Button>
          </div>
        </>
      )}
    </Page>
  );
}
