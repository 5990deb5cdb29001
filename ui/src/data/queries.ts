// Reading: one hook for each thing that a screen may show. All errors are of type Problem.
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useSyncExternalStore } from "react";
import { asProblem, type Backend } from "../backend/backend";
import type {
  Agent,
  Board,
  Card,
  Changes,
  Status as Column,
  Delivery,
  Doctor,
  FileDiff,
  FoundRepository,
  Github,
  Key,
  Overview,
  Problem,
  Project,
  QueuePlan,
  QueuePolicy,
  Role,
  Run,
  RunId,
  SavedFilter,
  Schedule,
  SchedulePreview,
  Settings,
  TaskDetail,
  TaskId,
  TimelineEntry,
  Webhook,
  WebhookId,
} from "../bindings";
import type { Cards, Live } from "./cards";
import { useData } from "./context";
import { type Filter, isEmpty, matcher } from "./filter";
import { keys } from "./keys";

function useAsk<T>(
  key: readonly unknown[],
  ask: (backend: Backend) => Promise<T>,
  enabled = true,
): UseQueryResult<T, Problem> {
  const { backend } = useData();
  return useQuery<T, Problem>({
    queryKey: key,
    enabled,
    queryFn: () =>
      ask(backend).catch((thrown) => {
        throw asProblem(thrown);
      }),
  });
}

/** When a question left and when its answer was here, by our own clock. */
export interface Asked {
  asked: number;
  answered: number;
}

/** Loads the board into the card store; read the cards through `useColumn` and `useCard`. */
export function useBoard(): UseQueryResult<Pick<Board, "seq" | "now"> & Asked, Problem> {
  const { feed } = useData();
  return useAsk(keys.board, async () => {
    const asked = Date.now();
    const { seq, now } = await feed.load();
    return { seq, now, asked, answered: Date.now() };
  });
}

/** Deleted cards, the newest first; they can be restored. */
export function useTrash(): UseQueryResult<Card[], Problem> {
  return useAsk(keys.trash, async (backend) => {
    const { cards } = await backend.getBoard({ trashed: true });
    return cards.filter((card) => card.trashed).sort((a, b) => b.entered_at - a.entered_at || b.id - a.id);
  });
}

export function useOverview(): UseQueryResult<Overview, Problem> {
  return useAsk(keys.overview, (backend) => backend.getOverview({}));
}

export function useTask(id: TaskId): UseQueryResult<TaskDetail, Problem> {
  return useAsk(keys.task(id), (backend) => backend.getTask({ id }));
}

export function useTimeline(id: TaskId): UseQueryResult<TimelineEntry[], Problem> {
  return useAsk(keys.timeline(id), (backend) => backend.getTimeline({ id }));
}

export function useRun(run: RunId | null): UseQueryResult<Run, Problem> {
  return useAsk(keys.run(run ?? -1), (backend) => backend.getRun({ run: run as RunId }), run !== null);
}

export function useChanges(run: RunId | null): UseQueryResult<Changes, Problem> {
  return useAsk(keys.changes(run ?? -1), (backend) => backend.getChanges({ run: run as RunId }), run !== null);
}

export function useDiff(run: RunId, path: string | null): UseQueryResult<FileDiff, Problem> {
  return useAsk(keys.diff(run, path ?? ""), (backend) => backend.getDiff({ run, path: path as string }), path !== null);
}

export function useProjects(): UseQueryResult<Project[], Problem> {
  return useAsk(keys.projects, (backend) => backend.listProjects({}));
}

/** Git repositories near the person's home; looking for them takes a moment. */
export function useRepositories(): UseQueryResult<FoundRepository[], Problem> {
  return useAsk(keys.repositories, (backend) => backend.findRepositories({}));
}

export function useAgents(): UseQueryResult<Agent[], Problem> {
  return useAsk(keys.agents, (backend) => backend.listAgents({}));
}

/** Roles that bring instructions along. They come with the program and do not change. */
export function useRoles(): UseQueryResult<Role[], Problem> {
  return useAsk(keys.roles, (backend) => backend.listRoles({}));
}

/** Filters of the board that have a name, by name. */
export function useFilters(): UseQueryResult<SavedFilter[], Problem> {
  return useAsk(keys.filters, (backend) => backend.listFilters({}));
}

export function useDoctor(): UseQueryResult<Doctor, Problem> {
  return useAsk(keys.doctor, (backend) => backend.doctor({}));
}

export function useSchedules(): UseQueryResult<Schedule[], Problem> {
  return useAsk(keys.schedules, (backend) => backend.listSchedules({}));
}

/** What a schedule would mean; its error says why it is not understood. */
export function usePreview(
  { when, zone, title }: { when: string; zone: string; title: string },
  enabled: boolean,
): UseQueryResult<SchedulePreview, Problem> {
  return useAsk(keys.preview(when, zone, title), (backend) => backend.previewSchedule({ when, zone, title }), enabled);
}

export function useSettings(): UseQueryResult<Settings, Problem> {
  return useAsk(keys.settings, (backend) => backend.getSettings({}));
}

/** What starts next and why the rest waits; also puts each card's reason where `usePlanned` reads it. */
export function usePlan(enabled = true): UseQueryResult<QueuePlan, Problem> {
  const { cards } = useData();
  return useAsk(
    keys.plan,
    async (backend) => {
      const plan = await backend.getPlan({});
      cards.takePlan(plan);
      return plan;
    },
    enabled,
  );
}

/** What the plan says of one card that is ready. */
export function usePlanOf(id: TaskId, enabled: boolean): UseQueryResult<QueuePlan, Problem> {
  return useAsk(keys.planOf(id), (backend) => backend.getPlan({ task: id }), enabled);
}

export function useQueuePolicy(): UseQueryResult<QueuePolicy, Problem> {
  return useAsk(keys.policy, (backend) => backend.getQueuePolicy({}));
}

/** Newest first, revoked ones included. A key is named once; its text is told when it is made, and never again. */
export function useKeys(): UseQueryResult<Key[], Problem> {
  return useAsk(keys.keys, (backend) => backend.listKeys({}));
}

/** The repositories whose issues are cards, and how their last sync went. */
export function useGithub(): UseQueryResult<Github, Problem> {
  return useAsk(keys.github, (backend) => backend.getGithub({}));
}

/** Oldest first. */
export function useWebhooks(): UseQueryResult<Webhook[], Problem> {
  return useAsk(keys.webhooks, (backend) => backend.listWebhooks({}));
}

/** What a webhook was sent, the newest first. */
export function useDeliveries(webhook: WebhookId): UseQueryResult<Delivery[], Problem> {
  return useAsk(keys.deliveries(webhook), (backend) => backend.listDeliveries({ webhook, limit: 200 }));
}

// ---------------------------------------------------------------- cards

export function useCards(): Cards {
  return useData().cards;
}

/** One card, redrawn only when it changes. Undefined until the board is loaded, or if it is gone. */
export function useCard(id: TaskId): Card | undefined {
  const { cards } = useData();
  const listen = useCallback((heard: () => void) => cards.listen(`card:${id}`, heard), [cards, id]);
  return useSyncExternalStore(listen, () => cards.card(id));
}

/** The newest line of the card's live run, if it has one. */
export function useLive(id: TaskId): Live | undefined {
  const { cards } = useData();
  const listen = useCallback((heard: () => void) => cards.listen(`live:${id}`, heard), [cards, id]);
  return useSyncExternalStore(listen, () => cards.liveOf(id));
}

/** The queue's sentence about the card, if it is ready and has one worth showing. */
export function usePlanned(id: TaskId): string | undefined {
  const { cards } = useData();
  const listen = useCallback((heard: () => void) => cards.listen(`plan:${id}`, heard), [cards, id]);
  return useSyncExternalStore(listen, () => cards.plannedOf(id));
}

/** The column's card ids in order, those that pass the filter. */
export function useColumn(column: Column, filter: Filter): readonly TaskId[] {
  const { cards } = useData();
  const listen = useCallback((heard: () => void) => cards.listen(`column:${column}`, heard), [cards, column]);
  const ids = useSyncExternalStore(listen, () => cards.column(column));
  return useMemo(() => {
    if (isEmpty(filter)) return ids;
    const passes = matcher(filter);
    return ids.filter((id) => {
      const card = cards.card(id);
      return card !== undefined && passes(card);
    });
  }, [cards, ids, filter]);
}

/** A value counted over all cards; redrawn only when the value itself changes (compared as JSON). */
export function useCount<T>(count: (cards: Cards) => T): T {
  const { cards } = useData();
  const last = useRef<{ version: number; count: unknown; text: string; value: T } | null>(null);
  const listen = useCallback((heard: () => void) => cards.listen("counts", heard), [cards]);
  return useSyncExternalStore(listen, () => {
    const version = cards.version();
    if (last.current?.version === version && last.current.count === count) return last.current.value;
    const value = count(cards);
    const text = JSON.stringify(value);
    const kept = last.current?.text === text ? last.current.value : value;
    last.current = { version, count, text, value: kept };
    return kept;
  });
}
