// The queue's page: what starts next, what waits and for what, how the agents do, and the rules.
import { useNavigate } from "@tanstack/react-router";
import type { Agent, QueuePlan, QueuePolicy, TaskId } from "../bindings";
import { EmptyState, ErrorState, Skeleton } from "../components/States";
import { useAgents, useBoard, usePlan, useQueuePolicy } from "../data/queries";
import { AgentLoads } from "../features/queue/AgentLoads";
import { ModelsForm } from "../features/queue/ModelsForm";
import { MoneyForm } from "../features/queue/MoneyForm";
import { PolicyForm } from "../features/queue/PolicyForm";
import { StartsList, WaitsList } from "../features/queue/QueueLists";
import { RunNext } from "../features/queue/RunNext";
import { SharingForm } from "../features/queue/SharingForm";
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
      {agents && (
        <Section title="Run next">
          <RunNext agents={agents} />
        </Section>
      )}
      {policy.isError && <ErrorState problem={policy.error} onRetry={() => void policy.refetch()} />}
      {policy.isPending && <Skeleton lines={5} height={32} label="Reading the queue’s rules" />}
      {policy.data && agents && <Rules policy={policy.data} agents={agents} />}
    </Page>
  );
}

/** Each form is drawn anew when what it shows was changed, by another form or door; the others keep what was typed. */
function Rules({ policy, agents }: { policy: QueuePolicy; agents: Agent[] }) {
  const { models, costs, prices, daily, share_by_tags: tags, ...rules } = policy;
  return (
    <>
      <Section title="Rules">
        <PolicyForm key={JSON.stringify(rules)} policy={policy} agents={agents} />
      </Section>
      <Section title="Sharing">
        <SharingForm key={JSON.stringify(tags)} policy={policy} />
      </Section>
      <Section title="Models">
        <ModelsForm key={JSON.stringify([models, costs])} policy={policy} agents={agents} />
      </Section>
      <Section title="Money">
        <MoneyForm key={JSON.stringify([prices, daily])} policy={policy} />
      </Section>
    </>
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
