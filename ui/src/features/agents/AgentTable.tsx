// The agents that Flightboard knows, to be looked at: found with their version, or the line that installs them.
import type { Agent } from "../../bindings";
import { AgentState, Whereabouts } from "./AgentParts";
import styles from "./AgentTable.module.css";

export function AgentTable({ agents }: { agents: Agent[] }) {
  return (
    <ul className={styles.table}>
      {presentFirst(agents).map((agent) => (
        <li key={agent.name} className={styles.row} data-testid={`agent-${agent.name}`}>
          <AgentState agent={agent} />
          <span className={styles.title}>{agent.title}</span>
          <Whereabouts agent={agent} />
          {agent.problem && <p className={styles.problem}>{agent.problem}</p>}
        </li>
      ))}
    </ul>
  );
}

/** A command of one's own is always there; it says nothing in a list of what was found. */
export function presentFirst(agents: Agent[]): Agent[] {
  const known = agents.filter((agent) => agent.name !== "custom");
  return known.sort((a, b) => Number(b.path !== null && b.enabled) - Number(a.path !== null && a.enabled));
}
