// The agents as the queue sees them: how busy, how reliable, what they used, and why one is left alone.
import type { QueueAgent, RunSpend } from "../../bindings";
import { Button } from "../../components/Button";
import { Dot } from "../../components/StatusWord";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import styles from "./Queue.module.css";
import { loadWords, moneyWords, recordWords, strikesWords, tokenWords } from "./words";

export function AgentLoads({ agents }: { agents: readonly QueueAgent[] }) {
  const shown = agents.filter((agent) => agent.installed || agent.live > 0 || agent.ended > 0 || agent.trouble);
  const missing = agents.length - shown.length;
  return (
    <>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Agent</th>
            <th scope="col">In flight</th>
            <th scope="col">Succeeded</th>
            <th scope="col">Used today</th>
            <th scope="col">Used in all</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((agent) => (
            <AgentRow key={agent.name} agent={agent} />
          ))}
        </tbody>
      </table>
      {missing > 0 && (
        <p className={styles.hint}>
          {missing} more {missing === 1 ? "is" : "are"} not installed.
        </p>
      )}
    </>
  );
}

function AgentRow({ agent }: { agent: QueueAgent }) {
  const reset = useAction("resetBreaker");
  const tryAgain = () =>
    reset.mutate(
      { agent: agent.name },
      {
        onError: (problem) => toast({ text: problem.message, next: problem.next, tone: "bad" }),
        onSuccess: () => toast({ text: `${agent.name} is tried again with the next card.` }),
      },
    );
  return (
    <tr data-testid={`load-${agent.name}`}>
      <th scope="row">
        <span className={styles.agent}>
          <Dot tone={agent.trouble ? "held" : agent.installed ? "good" : "unknown"} />
          {agent.name}
        </span>
      </th>
      <td className={styles.whole}>{loadWords(agent)}</td>
      <td>{recordWords(agent) ?? "nothing ended yet"}</td>
      <td>
        <Used spend={agent.spent_today} />
      </td>
      <td>
        <Used spend={agent.spent} />
      </td>
      <td>
        {agent.trouble ? (
          <span className={styles.trouble}>
            <span>{agent.trouble}</span>
            <Button size="small" disabled={reset.isPending} onClick={tryAgain}>
              Try again now<span className="unseen"> {agent.name}</span>
            </Button>
          </span>
        ) : agent.installed ? (
          strikesWords(agent)
        ) : (
          "not installed"
        )}
      </td>
    </tr>
  );
}

/** Money first; an agent whose price is not known has tokens only. */
function Used({ spend }: { spend: RunSpend }) {
  const [money, tokens] = [moneyWords(spend), tokenWords(spend)];
  if (money === null && tokens === null) return "–";
  return (
    <span className={styles.used}>
      {money !== null && <span>{money}</span>}
      {tokens !== null && <span className={styles.tokens}>{tokens}</span>}
    </span>
  );
}
