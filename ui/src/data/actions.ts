// Writing: every change that a person can make, with what is shown before the engine has answered.
// The engine's own change events follow and settle the rest.
import { type UseMutationResult, useMutation } from "@tanstack/react-query";
import { asProblem, type OperationName, type Operations } from "../backend/backend";
import type { Card, Problem, TaskId } from "../bindings";
import { type DataSource, useData } from "./context";
import { keys } from "./keys";

export type ActionName = Extract<
  OperationName,
  | "addTask"
  | "editTask"
  | "moveTask"
  | "trashTask"
  | "restoreTask"
  | "deleteTask"
  | "emptyTrash"
  | "addComment"
  | "setParent"
  | "addAttachment"
  | "removeAttachment"
  | "restoreAttachment"
  | "putFilter"
  | "removeFilter"
  | "startRun"
  | "startNext"
  | "stopRun"
  | "sendInput"
  | "removeWorkspace"
  | "restoreWorkspace"
  | "addProject"
  | "editProject"
  | "removeProject"
  | "addRepository"
  | "editRepository"
  | "removeRepository"
  | "registerAgent"
  | "removeAgent"
  | "tryAgent"
  | "putSettings"
  | "putSchedule"
  | "pauseSchedule"
  | "resumeSchedule"
  | "removeSchedule"
  | "restoreSchedule"
  | "runSchedule"
  | "queueTask"
  | "addDependency"
  | "removeDependency"
  | "putQueuePolicy"
  | "resetBreaker"
  | "resumeWorkflow"
  | "reviewTask"
  | "createKey"
  | "revokeKey"
  | "addWebhook"
  | "editWebhook"
  | "removeWebhook"
  | "testWebhook"
  | "resendDelivery"
  | "syncGithub"
>;

export type Request<N extends ActionName> = Parameters<Operations[N]>[0];
export type Answer<N extends ActionName> = Awaited<ReturnType<Operations[N]>>;

/** `const stop = useAction("stopRun"); stop.mutate({ run })`. Rejects with a Problem. */
export function useAction<N extends ActionName>(name: N): UseMutationResult<Answer<N>, Problem, Request<N>> {
  const data = useData();
  return useMutation({ mutationKey: [name], mutationFn: (request: Request<N>) => act(data, name, request) });
}

/** The same outside React: shows the change at once, sends it, and takes it back if it is refused. */
export async function act<N extends ActionName>(data: DataSource, name: N, request: Request<N>): Promise<Answer<N>> {
  const takeBack = foresee(data, name, request);
  const operation = data.backend[name] as (request: Request<N>) => Promise<Answer<N>>;
  try {
    const answer = await operation(request);
    settle(data, name, request, answer);
    return answer;
  } catch (thrown) {
    takeBack();
    throw asProblem(thrown);
  }
}

/** Puts the likely outcome in the card store; the answer undoes it. */
function foresee<N extends ActionName>(data: DataSource, name: N, request: Request<N>): () => void {
  const change = likelyChange(name, request);
  const before = change && data.cards.card(change.id);
  if (!change || !before) return () => {};
  const guess = { ...before, ...change.fields };
  data.cards.put(guess);
  return () => {
    // Only if nothing fresher has arrived meanwhile.
    if (data.cards.card(change.id) === guess) data.cards.put(before);
  };
}

function likelyChange(name: ActionName, request: unknown): { id: TaskId; fields: Partial<Card> } | null {
  switch (name) {
    case "moveTask": {
      const { id, column } = request as Request<"moveTask">;
      return { id, fields: { status: column, entered_at: Date.now(), why: null, needs_you: false } };
    }
    case "queueTask": {
      const { id, queued } = request as Request<"queueTask">;
      return { id, fields: queued ? { queued, status: "ready", why: null, needs_you: false } : { queued } };
    }
    case "trashTask":
      return { id: (request as Request<"trashTask">).id, fields: { trashed: true } };
    case "restoreTask":
      return { id: (request as Request<"restoreTask">).id, fields: { trashed: false } };
    case "startRun": {
      const { task, agent } = request as Request<"startRun">;
      const times = { started_at: null, ended_at: null, last_line: null, cause: null };
      const run = { id: 0, agent, status: "preparing", ...times } as const;
      const fields = { status: "in_progress", entered_at: Date.now(), run, why: null, needs_you: false } as const;
      return { id: task, fields };
    }
    default:
      return null;
  }
}

function settle<N extends ActionName>(data: DataSource, name: N, request: Request<N>, answer: Answer<N>): void {
  const { cards, queries, feed } = data;
  const stale = (key: readonly unknown[]) => void queries.invalidateQueries({ queryKey: key });
  switch (name) {
    case "addTask":
    case "moveTask":
    case "trashTask":
    case "restoreTask":
    case "queueTask": {
      const card = answer as Answer<"addTask">;
      cards.put(card);
      stale(keys.trash);
      if (card.parent !== null) refreshTask(data, card.parent);
      return refreshTask(data, card.id);
    }
    case "setParent":
    case "editTask":
    case "addDependency":
    case "removeDependency":
    case "resumeWorkflow":
    case "reviewTask": {
      const detail = answer as Answer<"editTask">;
      cards.put(detail.card);
      queries.setQueryData(keys.task(detail.card.id), detail);
      return stale(keys.timeline(detail.card.id));
    }
    case "deleteTask": {
      const { id } = request as Request<"deleteTask">;
      feed.refreshCards([id]);
      stale(keys.trash);
      return refreshTask(data, id);
    }
    case "emptyTrash":
      return stale(keys.trash);
    case "addComment":
      return refreshTask(data, (request as Request<"addComment">).task);
    case "addAttachment":
    case "removeAttachment":
    case "restoreAttachment":
      return refreshTask(data, (answer as Answer<"addAttachment">).task);
    case "putFilter":
    case "removeFilter":
      return stale(keys.filters);
    case "startRun":
    case "stopRun":
    case "removeWorkspace":
    case "restoreWorkspace": {
      const run = answer as Answer<"startRun">;
      queries.setQueryData(keys.run(run.id), run);
      stale(keys.changes(run.id));
      feed.refreshCards([run.task]);
      return refreshTask(data, run.task);
    }
    case "startNext": {
      const { runs } = answer as Answer<"startNext">;
      feed.refreshCards(runs.map((run) => run.task));
      return stale(keys.plan);
    }
    case "addProject":
    case "editProject":
    case "removeProject":
    case "addRepository":
    case "editRepository":
    case "removeRepository":
      stale(keys.github);
      return stale(keys.projects);
    case "registerAgent":
    case "removeAgent":
      return stale(keys.agents);
    case "putSettings":
      queries.setQueryData(keys.settings, answer);
      return;
    case "putQueuePolicy":
      queries.setQueryData(keys.policy, answer);
      return stale(keys.plan);
    case "resetBreaker":
      return stale(keys.plan);
    case "runSchedule": {
      const card = answer as Answer<"runSchedule">;
      cards.put(card);
      return stale(keys.schedules);
    }
    case "putSchedule":
    case "pauseSchedule":
    case "resumeSchedule":
    case "removeSchedule":
    case "restoreSchedule":
      return stale(keys.schedules);
    case "createKey":
    case "revokeKey":
      return stale(keys.keys);
    case "addWebhook":
    case "editWebhook":
    case "removeWebhook":
      return stale(keys.webhooks);
    case "testWebhook":
    case "resendDelivery": {
      stale(keys.webhooks);
      return stale(keys.deliveries((answer as Answer<"testWebhook">).webhook));
    }
    case "syncGithub":
      return stale(keys.github);
    case "tryAgent":
    case "sendInput":
      return;
  }
}

function refreshTask(data: DataSource, id: TaskId): void {
  void data.queries.invalidateQueries({ queryKey: keys.task(id) });
  void data.queries.invalidateQueries({ queryKey: keys.timeline(id) });
}
