// The rail at the left: where one can go, the projects with their open cards, the agents with their
// live runs. Links are the caller's, so that this folder knows no addresses.
import type { ReactNode } from "react";
import type { Agent, Project, ProjectId } from "../../bindings";
import { Dot, type Tone } from "../../components/StatusWord";
import styles from "./Nav.module.css";

export interface NavLink {
  to: "/" | "/projects" | "/agents" | "/queue" | "/schedules" | "/trash" | "/settings";
  search?: { project?: ProjectId; shelf?: boolean };
}

export interface NavProps {
  openCards: number;
  failed: number;
  /** Ready cards in the dispatcher's hands. */
  queued: number;
  openByProject: Record<ProjectId, number>;
  projects: Project[];
  agents: Agent[];
  page: string;
  project: ProjectId | null;
  shelf: boolean;
  /** Draws a link; `current` marks the place where we are. */
  link(props: {
    to: NavLink["to"];
    search?: NavLink["search"];
    current: boolean;
    className?: string;
    children: ReactNode;
    title?: string;
  }): ReactNode;
}

export function Nav({ link: A, ...props }: NavProps) {
  const { openCards, failed, queued, openByProject, projects, agents, page, project, shelf } = props;
  const onBoard = page === "/";
  const kept = project === null ? undefined : project;
  const absent = agents.filter((agent) => agent.name !== "custom" && !worthShowing(agent)).length;
  return (
    <nav className={styles.nav} aria-label="Main">
      <A to="/" search={{ shelf: shelf || undefined }} current={onBoard && project === null} className={styles.link}>
        <span className={styles.name}>Board</span>
        <span className={styles.count}>{openCards}</span>
      </A>
      <A
        to="/"
        search={{ project: kept, shelf: !(onBoard && shelf) || undefined }}
        current={false}
        className={styles.link}
        title={shelf ? "Hide the shelf" : "Failed and cancelled cards"}
      >
        <span className={styles.name}>
          Failed
          <span className={styles.shelf}>{shelf && onBoard ? " shown" : ""}</span>
        </span>
        <span className={failed > 0 ? styles.failed : styles.count}>{failed}</span>
      </A>
      <A to="/queue" current={page === "/queue"} className={styles.link}>
        <span className={styles.name}>Queue</span>
        {queued > 0 && <span className={styles.count}>{queued}</span>}
      </A>
      <A to="/schedules" current={page === "/schedules"} className={styles.link}>
        <span className={styles.name}>Schedules</span>
      </A>
      <h2 className={styles.heading}>Projects</h2>
      {projects.map((one, at) => (
        <A
          key={one.id}
          to="/"
          search={{ project: one.id, shelf: shelf || undefined }}
          current={onBoard && project === one.id}
          className={styles.link}
          title={one.problem ?? one.path}
        >
          <Dot tone={one.problem ? "bad" : (PROJECT_TONES[at % PROJECT_TONES.length] as Tone)} />
          <span className={styles.name}>
            {one.name}
            {one.problem && <span className={styles.problem}> unreadable</span>}
          </span>
          <span className={styles.count}>{openByProject[one.id] ?? 0}</span>
        </A>
      ))}
      <A to="/projects" current={page === "/projects"} className={styles.link}>
        <span className={styles.quiet}>{projects.length === 0 ? "Add a project" : "Add, change…"}</span>
      </A>
      <h2 className={styles.heading}>Agents</h2>
      {agents.filter(worthShowing).map((agent) => (
        <A key={agent.name} to="/agents" current={false} className={styles.link} title={agentHint(agent)}>
          <Dot tone={agentTone(agent)} />
          <span className={styles.name}>{agent.name}</span>
          <span className={styles.count}>{agent.live > 0 ? `${agent.live} live` : agentNote(agent)}</span>
        </A>
      ))}
      <A
        to="/agents"
        current={page === "/agents"}
        className={styles.link}
        title={absent > 0 ? `${absent} more can be installed` : undefined}
      >
        <span className={styles.quiet}>Add, check…</span>
        {absent > 0 && <span className={styles.count}>{absent} more</span>}
      </A>
      <div className={styles.foot}>
        <A to="/trash" current={page === "/trash"} className={styles.link}>
          <span className={styles.name}>Trash</span>
        </A>
        <A to="/settings" current={page.startsWith("/settings")} className={styles.link}>
          <span className={styles.name}>Settings</span>
        </A>
      </div>
    </nav>
  );
}

const PROJECT_TONES: readonly Tone[] = ["working", "good", "held"];

/** What is there, or was added by a person; a dozen agents that nobody installed are only counted. */
function worthShowing(agent: Agent): boolean {
  if (agent.live > 0) return true;
  // The custom command is always there; it says nothing in a list of what was found.
  return agent.name !== "custom" && (agent.path !== null || !agent.builtin || agent.presence !== null);
}

function agentNote(agent: Agent): string {
  if (!agent.enabled) return "off";
  if (agent.program === "") return agent.presence ?? "";
  return agent.path === null ? "not found" : "";
}

function agentTone(agent: Agent): Tone {
  if (agent.presence === "online" && agent.enabled) return "good";
  if (agent.path === null || !agent.enabled) return "unknown";
  return agent.problem ? "held" : "good";
}

function agentHint(agent: Agent): string {
  if (agent.program === "") return `${agent.title} fetches its own work.`;
  if (agent.path === null) return `Not found. ${agent.install}`;
  return agent.problem ?? `${agent.title} ${agent.version ?? ""}`.trim();
}
