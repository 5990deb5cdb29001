// The agents that Flightboard knows, to be looked at: found with their version, or the line that installs them.
// Of those that are not there only a few are shown at first; a newcomer has other things to look at.
import { useState } from "react";
import type { Agent } from "../../bindings";
import { Button } from "../../components/Button";
import { AgentState, Whereabouts } from "./AgentParts";
import styles from "./AgentTable.module.css";

/** Agents that are not there and shown all the same. */
const OFFERED = 3;

export function AgentTable({ agents }: { agents: Agent[] }) {
  const [all, setAll] = useState(false);
  const known = presentFirst(agents);
  const found = known.filter((agent) => agent.path !== null).length;
  const shown = all ? known : known.slice(0, found + OFFERED);
  const more = known.length - shown.length;
  return (
    <ul className={styles.table}>
      {shown.map((agent) => (
        <li key={agent.name} className={styles.row} data-testid={`agent-${agent.name}`}>
          <AgentState agent={agent} />
          <span className={styles.title}>{agent.title}</span>
          <Whereabouts agent={agent} />
          {agent.problem && <p className={styles.problem}>{agent.problem}</p>}
        </li>
      ))}
      {more > 0 && (
        <li className={styles.row}>
          <Button size="small" look="plain" className={styles.more} onClick={() => setAll(true)}>
            Show {more} more that can be installed
          </Button>
        </li>
      )}
    </ul>
  );
}

/** A command of one's own is always there; it says nothing in a list of what was found. */
export function presentFirst(agents: Agent[]): Agent[] {
  const known = agents.filter((agent) => agent.name !== "custom");
  return known.sort((a, b) => Number(b.path !== null && b.enabled) - Number(a.path !== null && a.enabled));
}
