// The agents that Flightboard knows: found with their version, or the line that installs them.
import type { Agent } from "../../bindings";
import { CopyButton } from "../../components/CopyButton";
import { Dot, StatusWord } from "../../components/StatusWord";
import styles from "./AgentTable.module.css";

export function AgentTable({ agents, onOpenDocs }: { agents: Agent[]; onOpenDocs?: (url: string) => void }) {
  const known = agents.filter((agent) => agent.name !== "custom");
  const sorted = [...known].sort((a, b) => Number(b.path !== null) - Number(a.path !== null));
  return (
    <ul className={styles.table}>
      {sorted.map((agent) => (
        <li key={agent.name} className={styles.row} data-testid={`agent-${agent.name}`}>
          <AgentState agent={agent} />
          <span className={styles.title}>{agent.title}</span>
          {agent.path === null ? <Install agent={agent} /> : <Found agent={agent} />}
          {agent.docs_url && onOpenDocs && (
            <button type="button" className={styles.docs} onClick={() => onOpenDocs(agent.docs_url)}>
              Docs<span className="unseen"> of {agent.title}</span>
            </button>
          )}
          {agent.problem && <p className={styles.problem}>{agent.problem}</p>}
        </li>
      ))}
    </ul>
  );
}

function AgentState({ agent }: { agent: Agent }) {
  const tone = agent.path === null ? "unknown" : agent.problem ? "held" : "good";
  const word = agent.path === null ? "not found" : agent.problem ? "incomplete" : "found";
  return (
    <span className={styles.state}>
      <Dot tone={tone} />
      <StatusWord tone={tone}>{word}</StatusWord>
    </span>
  );
}

function Found({ agent }: { agent: Agent }) {
  return (
    <span className={styles.facts}>
      <span>{agent.version}</span>
      <span className={styles.path}>{agent.path}</span>
      {agent.live > 0 && <span className={styles.live}>{agent.live} live</span>}
    </span>
  );
}

function Install({ agent }: { agent: Agent }) {
  return (
    <span className={styles.facts}>
      <code className={styles.install}>{agent.install}</code>
      <CopyButton text={agent.install} label={`Copy the line that installs ${agent.title}`} />
    </span>
  );
}
