// Agents with what can be done about each: edit, try, switch off, remove and take that back.
import { useState } from "react";
import type { Agent, AgentTrial } from "../../bindings";
import { Button, IconButton } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { MoreIcon } from "../../components/icons";
import { Menu, type MenuItem } from "../../components/Menu";
import { toast } from "../../components/Toast";
import { useAction } from "../../data/actions";
import styles from "./AgentList.module.css";
import { AgentState, Whereabouts } from "./AgentParts";
import { presentFirst } from "./AgentTable";
import { requestFor } from "./draft";
import { TrialResult } from "./TrialResult";

export interface AgentListProps {
  label: string;
  agents: Agent[];
  onEdit(agent: Agent): void;
  onOpenDocs(url: string): void;
}

export function AgentList({ label, agents, onEdit, onOpenDocs }: AgentListProps) {
  return (
    <ul className={styles.list} aria-label={label}>
      {presentFirst(agents).map((agent) => (
        <AgentRow key={agent.name} agent={agent} onEdit={() => onEdit(agent)} onOpenDocs={onOpenDocs} />
      ))}
    </ul>
  );
}

type RowProps = Pick<AgentListProps, "onOpenDocs"> & { agent: Agent; onEdit(): void };

function AgentRow({ agent, onEdit, onOpenDocs }: RowProps) {
  const [trial, setTrial] = useState<AgentTrial | null>(null);
  const items = useMenu(agent, setTrial, onOpenDocs);
  return (
    <li className={styles.row} data-testid={`agent-${agent.name}`} data-off={!agent.enabled || undefined}>
      <div className={styles.line}>
        <AgentState agent={agent} />
        <span className={styles.title}>{agent.title}</span>
        {agent.title !== agent.name && <span className={styles.name}>{agent.name}</span>}
        {!agent.builtin && agent.kind !== "custom" && <span className={styles.name}>as {agent.kind}</span>}
        <span className={styles.load}>
          {agent.live > 0 && <span className={styles.live}>{agent.live} live · </span>}
          takes {agent.max_capacity}
          {agent.breaker &&
            ` · rests after ${agent.breaker.threshold === 1 ? "a failure" : `${agent.breaker.threshold} failures`}`}
        </span>
        <Button size="small" onClick={onEdit}>
          Edit<span className="unseen"> {agent.title}</span>
        </Button>
        <Menu items={items} align="end" label={`More for ${agent.title}`}>
          <IconButton size="small" label={`More for ${agent.title}`}>
            <MoreIcon />
          </IconButton>
        </Menu>
      </div>
      <div className={styles.more}>
        <Whereabouts agent={agent} />
        {(agent.role || agent.skills.length > 0 || agent.model) && (
          <span className={styles.words}>
            {agent.role && <span className={styles.role}>{agent.role}</span>}
            {agent.skills.map((skill) => (
              <Chip key={skill}>{skill}</Chip>
            ))}
            {agent.model && <span className={styles.name}>{agent.model}</span>}
          </span>
        )}
        {agent.problem && <p className={styles.problem}>{agent.problem}</p>}
        {trial && <TrialResult trial={trial} onClose={() => setTrial(null)} />}
      </div>
    </li>
  );
}

function useMenu(agent: Agent, setTrial: (trial: AgentTrial) => void, openDocs: (url: string) => void): MenuItem[] {
  const attempt = useAction("tryAgent");
  const register = useAction("registerAgent");
  const remove = useRemoval(agent);
  const refused = (problem: { message: string; next: string | null }) =>
    toast({ text: problem.message, next: problem.next, tone: "bad" });
  const tried = () =>
    attempt.mutate({ kind: agent.kind, profile: agent.profile }, { onSuccess: setTrial, onError: refused });
  const turn = () => register.mutate({ name: agent.name, enabled: !agent.enabled }, { onError: refused });
  const items: MenuItem[] = [
    { id: "try", label: "Try it", disabled: agent.program === "", onSelect: tried },
    { id: "turn", label: agent.enabled ? "Switch off" : "Switch on", onSelect: turn },
  ];
  if (agent.docs_url) items.push({ id: "docs", label: "Documentation", onSelect: () => openDocs(agent.docs_url) });
  if (agent.registered_at !== null) {
    items.push({ id: "line", line: true });
    items.push({ id: "remove", label: agent.builtin ? "Reset" : "Remove", danger: true, onSelect: remove });
  }
  return items;
}

function useRemoval(agent: Agent): () => void {
  const remove = useAction("removeAgent");
  const restore = useAction("registerAgent");
  const refused = (problem: { message: string; next: string | null }) =>
    toast({ text: problem.message, next: problem.next, tone: "bad" });
  const done = agent.builtin ? "is as it was" : "is off the list";
  const undo = () => restore.mutate(requestFor(agent), { onError: refused });
  return () =>
    remove.mutate(
      { name: agent.name },
      { onSuccess: () => toast({ text: `${agent.title} ${done}.`, action: { run: undo } }), onError: refused },
    );
}
