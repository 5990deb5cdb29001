// The fake engine's schedules. It knows one phrase, “every weekday at 9”, and fires nothing by itself.
import type { Event, Problem, PutSchedule, Schedule, ScheduleId } from "../bindings";
import type { Operations } from "./backend";

const CRON = "0 9 * * 1-5";
const SENTENCE = "At 09:00, on Monday to Friday";
const DAY = 86_400_000;

type ScheduleOperations = Pick<
  Operations,
  | "listSchedules"
  | "previewSchedule"
  | "putSchedule"
  | "pauseSchedule"
  | "resumeSchedule"
  | "removeSchedule"
  | "restoreSchedule"
  | "runSchedule"
>;

export function fakeSchedules(
  changed: (also: Partial<Extract<Event, { type: "changed" }>>) => void,
  addTask: Operations["addTask"],
): ScheduleOperations {
  let kept: (Schedule & { removed?: boolean })[] = [];
  let lastId = 0;
  const found = (id: ScheduleId) => kept.find((one) => one.id === id) ?? refuse(`schedule ${id} does not exist`);
  const put = (schedule: Schedule & { removed?: boolean }) => {
    kept = [...kept.filter((one) => one.id !== schedule.id), schedule].sort((a, b) => a.name.localeCompare(b.name));
    changed({ schedules: true });
    return schedule;
  };
  return {
    listSchedules: async () => kept.filter((one) => !one.removed),
    previewSchedule: async ({ when, zone, title }) => {
      understand(when);
      const next = Array.from({ length: 5 }, (_, at) => nineTomorrow() + at * DAY);
      const dated = (at: number) => template(title ?? "").replace("{date}", new Date(at).toISOString().slice(0, 10));
      const titles = title ? next.map(dated) : [];
      return { cron: CRON, sentence: SENTENCE, zone: zone || "UTC", next, titles };
    },
    putSchedule: async (request) => {
      understand(request.when);
      lastId += 1;
      return put(made(request, request.id == null ? null : found(request.id), lastId));
    },
    pauseSchedule: async ({ id }) => put({ ...found(id), paused: true, next_at: null }),
    resumeSchedule: async ({ id }) => put({ ...found(id), paused: false, next_at: nineTomorrow() }),
    removeSchedule: async ({ id }) => put({ ...found(id), removed: true }),
    restoreSchedule: async ({ id }) => put({ ...found(id), removed: false }),
    runSchedule: async ({ id }) => {
      const schedule = found(id);
      const title = schedule.title.replace("{date}", new Date().toISOString().slice(0, 10));
      const card = await addTask({
        title,
        project: schedule.project,
        priority: schedule.priority,
        tags: schedule.tags,
      });
      const last = { id: card.id, key: card.key, title, status: card.status, trashed: false, at: Date.now() };
      put({ ...schedule, last, open: schedule.open + 1 });
      return card;
    },
  };
}

function made(request: PutSchedule, before: Schedule | null, id: ScheduleId): Schedule {
  return {
    id: before?.id ?? id,
    name: request.name.trim() || refuse("the schedule has no name"),
    when: request.when,
    cron: CRON,
    sentence: SENTENCE,
    zone: request.zone || "UTC",
    title: template(request.title),
    description: request.description ?? "",
    project: request.project ?? null,
    priority: request.priority ?? 5,
    tags: request.tags ?? [],
    assignee: request.assignee ?? null,
    column: request.column ?? "inbox",
    misfire: request.misfire ?? "one",
    cap: request.cap ?? 10,
    overlap: request.overlap ?? "skip",
    paused: before?.paused ?? false,
    next_at: before?.paused ? null : nineTomorrow(),
    last: before?.last ?? null,
    open: before?.open ?? 0,
    queued: 0,
    skipped: null,
    created_at: before?.created_at ?? Date.now(),
    updated_at: Date.now(),
  };
}

function template(title: string): string {
  return title.includes("{") ? title : `${title} {date}`;
}

function understand(when: string): void {
  if (when.trim() !== "every weekday at 9") refuse(`“${when}” is not understood`, "try “every weekday at 9”");
}

function nineTomorrow(): number {
  return Math.floor(Date.now() / DAY) * DAY + DAY + 9 * 3_600_000;
}

function refuse(message: string, next: string | null = null): never {
  throw { code: "invalid", message, next } satisfies Problem;
}
