// The query cache's keys and which of them a batch of changes makes stale. Keys that belong to a task
// carry its id or a run of it; runs are mapped back to tasks by what the cache has seen.
import type { Query, QueryClient } from "@tanstack/react-query";
import type { Run, RunId, TaskDetail, TaskId, WebhookId } from "../bindings";
import type { Stale } from "./feed";

export const keys = {
  board: ["board"] as const,
  overview: ["overview"] as const,
  trash: ["trash"] as const,
  projects: ["projects"] as const,
  repositories: ["repositories"] as const,
  agents: ["agents"] as const,
  doctor: ["doctor"] as const,
  roles: ["roles"] as const,
  settings: ["settings"] as const,
  filters: ["filters"] as const,
  /** What the queue does next; `planOf` for one card. Both are asked again by `planWatch`. */
  plan: ["plan"] as const,
  planOf: (id: TaskId) => ["plan", id] as const,
  policy: ["policy"] as const,
  schedules: ["schedules"] as const,
  keys: ["keys"] as const,
  login: ["login"] as const,
  updateSource: ["updateSource"] as const,
  newVersion: ["newVersion"] as const,
  webhooks: ["webhooks"] as const,
  github: ["github"] as const,
  deliveries: (webhook: WebhookId) => ["deliveries", webhook] as const,
  preview: (when: string, zone: string, title: string) => ["preview", when, zone, title] as const,
  task: (id: TaskId) => ["task", id] as const,
  timeline: (id: TaskId) => ["timeline", id] as const,
  run: (run: RunId) => ["run", run] as const,
  changes: (run: RunId) => ["changes", run] as const,
  diff: (run: RunId, path: string) => ["diff", run, path] as const,
};

const BY_TASK = new Set(["task", "timeline"]);
const BY_RUN = new Set(["run", "changes", "diff"]);

export function invalidateQueries(queries: QueryClient, stale: Stale): void {
  const heads = staleHeads(stale);
  if (stale.tasks.size === 0 && heads.size === 0 && !stale.everything) return;
  const runs = runsOf(queries, stale.tasks);
  void queries.invalidateQueries({
    predicate: (query) => {
      const head = String(query.queryKey[0]);
      if (head === "board" || head === "plan") return false;
      return stale.everything || heads.has(head) || aboutTasks(query, head, stale.tasks, runs);
    },
  });
}

function staleHeads(stale: Stale): Set<string> {
  const heads = new Set<string>();
  if (stale.projects) heads.add("projects").add("github");
  if (stale.agents) heads.add("agents");
  if (stale.settings) heads.add("settings").add("policy").add("filters").add("github");
  // A schedule shows its last card.
  if (stale.schedules || stale.tasks.size > 0) heads.add("schedules");
  if (stale.keys) heads.add("keys");
  if (stale.webhooks) heads.add("webhooks").add("deliveries");
  if (stale.overview) heads.add("overview").add("trash");
  return heads;
}

function aboutTasks(query: Query, head: string, tasks: ReadonlySet<TaskId>, runs: Map<RunId, TaskId>): boolean {
  const id = query.queryKey[1] as number;
  if (BY_TASK.has(head)) return tasks.has(id);
  if (!BY_RUN.has(head)) return false;
  const task = runs.get(id);
  return task === undefined ? tasks.size > 0 : tasks.has(task);
}

function runsOf(queries: QueryClient, tasks: ReadonlySet<TaskId>): Map<RunId, TaskId> {
  const runs = new Map<RunId, TaskId>();
  if (tasks.size === 0) return runs;
  for (const [, run] of queries.getQueriesData<Run>({ queryKey: ["run"] })) {
    if (run) runs.set(run.id, run.task);
  }
  for (const [, detail] of queries.getQueriesData<TaskDetail>({ queryKey: ["task"] })) {
    for (const run of detail?.runs ?? []) runs.set(run.id, run.task);
  }
  return runs;
}
