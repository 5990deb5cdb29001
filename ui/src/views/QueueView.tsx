// The queue's page: what starts next, what waits and for what, how the agents do, and the rules.
import { useNavigate } from "@tanstack/react-router";
import type { QueuePlan, TaskId } from "../bindings";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { useAgents, useBoard, usePlan, useQueuePolicy } from "../data/queries";
import { AgentLoads } from "../features/queue/AgentLoads";
import { PolicyForm } from "../features/queue/PolicyForm";
import { StartsList, WaitsList } from "../features/queue/QueueLists";
import { Page, Section } from "./Page";

export function QueueView() {
  const plan = usePlan();
  const policy = useQueuePolicy();
  // The lines take their titles from the board's cards.
  useBoard();
  const agents = useAgents().data;
  const navigate = useNavigate();
  const open = (id: TaskId) => void navigate({ to: "/task/$id", params: { id } });
  return (
    <Page
      title="Queue"
      note="Queued cards start by themselves, in this order, as agents come free. A card that waits says for what."
    >
      {plan.isError && <ErrorState problem={plan.error} onRetry={() => void plan.refetch()} />}
      {plan.isPending && <Skeleton lines={5} height={44} label="Reading the queue" />}
      {plan.data && <Plan plan={plan.data} onOpen={open} />}
      <Section title="Rules">
        {policy.isError && <ErrorState problem={policy.error} onRetry={() => void policy.refetch()} />}
        {policy.data && agents && (
          // A policy that another door changed is shown, not overwritten.
          <PolicyForm key={JSON.stringify(policy.data)} policy={policy.data} agents={agents} />
        )}
      </Section>
    </Page>
  );
}

function Plan({ plan, onOpen }: { plan: QueuePlan; onOpen(id: TaskId): void }) {
  const hidden = plan.ready - plan.starts.length - plan.waits.length;
  return (
    <>
      {plan.paused && <p role="status">The queue is paused: nothing starts by itself until you resume it.</p>}
      {plan.ready === 0 && (
        <EmptyState title="Nothing is ready.">
          Queue a card on the board with Q, or let a project hand its ready cards over by itself (Projects, Settings).
        </EmptyState>
      )}
      {plan.starts.length > 0 && (
        <Section title={plan.paused ? "Would start next" : "Starts next"}>
          <StartsList starts={plan.starts} onOpen={onOpen} />
        </Section>
      )}
      {plan.waits.length > 0 && (
        <Section title={`Waits (${plan.ready - plan.starts.length})`}>
          <WaitsList waits={plan.waits} onOpen={onOpen} />
          {hidden > 0 && <p>{hidden} more wait behind these.</p>}
        </Section>
      )}
      <Section title="Agents">
        <AgentLoads agents={plan.agents} />
      </Section>
    </>
  );
}
