// What a row says about an agent: its state in one word, and where it is or what would bring it here.
import { useEffect, useState } from "react";
import type { Agent } from "../../bindings";
import { CopyButton } from "../../components/CopyButton";
import { serverNow } from "../../components/clock";
import { Dot, StatusWord, type Tone } from "../../components/StatusWord";
import { RelativeTime } from "../../components/Time";
import styles from "./AgentTable.module.css";

export function AgentState({ agent }: { agent: Agent }) {
  const online = useOnline(agent.online_until);
  const [tone, word] = stateOf(agent, online);
  return (
    <span className={styles.state}>
      <Dot tone={tone} />
      <StatusWord tone={tone}>{word}</StatusWord>
    </span>
  );
}

export function stateOf(agent: Agent, online: boolean): [Tone, string] {
  if (!agent.enabled) return ["unknown", "switched off"];
  if (agent.online_until !== null) return online ? ["good", "online"] : ["unknown", "offline"];
  if (agent.program === "") return ["unknown", "never seen"];
  if (agent.path === null) return ["unknown", "not found"];
  return agent.problem ? ["held", "incomplete"] : ["good", "found"];
}

/** Turns false by itself when the time has come. */
function useOnline(until: number | null): boolean {
  const left = (until ?? 0) - serverNow();
  const [, wake] = useState(0);
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => wake((times) => times + 1), left);
    return () => clearTimeout(timer);
  }, [left]);
  return left > 0;
}

export function Whereabouts({ agent }: { agent: Agent }) {
  return (
    <span className={styles.facts}>
      {agent.path !== null ? (
        <>
          {agent.version && <span>{agent.version}</span>}
          <span className={styles.path}>{agent.path}</span>
        </>
      ) : (
        <Missing agent={agent} />
      )}
      {agent.last_seen_at !== null && (
        <span className={styles.path}>
          seen <RelativeTime at={agent.last_seen_at} />
        </span>
      )}
    </span>
  );
}

function Missing({ agent }: { agent: Agent }) {
  if (agent.program === "") return <span className={styles.path}>fetches its own work</span>;
  if (!agent.install) return <span className={styles.path}>{agent.program} is not on your login shell’s PATH</span>;
  return (
    <>
      <code className={styles.install}>{agent.install}</code>
      <CopyButton text={agent.install} label={`Copy the line that installs ${agent.title}`} />
    </>
  );
}
