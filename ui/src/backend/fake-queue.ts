// The fake engine's queue: a plan by priority and one limit, dependencies, verdicts. It starts nothing by
// itself; a test that wants a start makes one.
import type { Card, Problem, ProblemCode, QueuePlan, Review, Status, TaskDetail, TaskId } from "../bindings";
import type { Operations } from "./backend";
import type { FakeTask, Scene } from "./fake-scene";

const NOTHING = { tokens: 0, micros: 0, estimated: false };

type QueueOperations = Pick<
  Operations,
  | "queueTask"
  | "addDependency"
  | "removeDependency"
  | "getPlan"
  | "getQueuePolicy"
  | "putQueuePolicy"
  | "resetBreaker"
  | "resumeWorkflow"
  | "reviewTask"
>;

export interface QueueHands {
  taskOf(id: TaskId): FakeTask;
  edit(id: TaskId, fields: Partial<Card>): Card;
  detailOf(task: FakeTask): TaskDetail;
  settingsChanged(): void;
}

export function fakeQueue(world: Scene, { taskOf, edit, detailOf, settingsChanged }: QueueHands): QueueOperations {
  const touch = (task: FakeTask) => {
    edit(task.card.id, {});
    return detailOf(task);
  };
  return {
    queueTask: async ({ id, queued }) => {
      const { card } = taskOf(id);
      if (queued && ["in_progress", "review", "done"].includes(card.status)) {
        refuse("invalid", `${card.key} is in ${card.status}; only a card that waits to be worked on can be queued`);
      }
      const moved = queued && card.status !== "ready" ? { status: "ready" as const, entered_at: Date.now() } : {};
      return edit(id, { queued, needs_you: false, ...(queued && { why: null }), ...moved });
    },
    addDependency: async ({ id, upstream, need }) => {
      const task = taskOf(id);
      const other = taskOf(upstream);
      if (reaches(world, upstream, id)) {
        refuse("conflict", `T-${id} cannot wait for T-${upstream}: that would be a circle (T-${id} → T-${upstream})`);
      }
      const { status } = other.card;
      const edge = { upstream, need, status, met: status === "done" };
      task.queue.waits_for = [...task.queue.waits_for.filter((old) => old.upstream !== upstream), edge];
      other.queue.holds_up = [...other.queue.holds_up.filter((held) => held !== id), id];
      return touch(task);
    },
    removeDependency: async ({ id, upstream }) => {
      const task = taskOf(id);
      task.queue.waits_for = task.queue.waits_for.filter((edge) => edge.upstream !== upstream);
      const other = world.tasks.get(upstream);
      if (other) other.queue.holds_up = other.queue.holds_up.filter((held) => held !== id);
      return touch(task);
    },
    getPlan: async ({ task, project }) => {
      const whole = planOf(world);
      const shown = (id: TaskId) =>
        (task == null || task === id) && (project == null || taskOf(id).card.project === project);
      return {
        ...whole,
        starts: whole.starts.filter((start) => shown(start.task)),
        waits: whole.waits.filter((wait) => shown(wait.task)),
      };
    },
    getQueuePolicy: async () => world.policy,
    putQueuePolicy: async (policy) => {
      if (policy.parallel != null && !(policy.parallel >= 1 && policy.parallel <= 64)) {
        refuse("invalid", "a limit is between 1 and 64; leave it empty for none");
      }
      world.policy = policy;
      settingsChanged();
      return policy;
    },
    resetBreaker: async ({ agent }) => {
      world.troubles.delete(agent);
      settingsChanged();
      return {};
    },
    resumeWorkflow: async ({ id }) => {
      const task = taskOf(id);
      if (!task.queue.workflow?.stopped) {
        refuse("conflict", `T-${id} belongs to no workflow that was stopped`);
      }
      task.queue = { ...task.queue, called: null, workflow: { ...task.queue.workflow, failures: 0, stopped: null } };
      edit(id, { needs_you: false, why: null });
      return detailOf(task);
    },
    reviewTask: async ({ id, verdict, notes }) => {
      const task = taskOf(id);
      if (verdict === "rejected" && !notes?.trim()) {
        refuse("invalid", "say what is wrong: the agent hears it in its next attempt");
      }
      const review: Review = {
        run: task.runs[0]?.id ?? null,
        round: task.queue.round,
        step: task.queue.gate.length,
        kind: "person",
        reviewer: "you",
        verdict,
        notes: notes ?? "",
        prompt: "",
        at: Date.now(),
      };
      const rejected = verdict === "rejected";
      task.queue = {
        ...task.queue,
        reviews: [...task.queue.reviews, review],
        round: task.queue.round + (rejected ? 1 : 0),
      };
      edit(id, { status: rejected ? "ready" : "done", queued: rejected, entered_at: Date.now() });
      return detailOf(task);
    },
  };
}

const LIVE = ["queued", "preparing", "working", "waiting", "idle", "rate_limited", "unknown"];
const PARALLEL = 3;
const MOST_REASONS = 1_000;

function planOf(world: Scene): QueuePlan {
  const cards = [...world.tasks.values()].map(({ card }) => card).filter((card) => !card.trashed);
  const live = cards.filter((card) => card.run && LIVE.includes(card.run.status));
  const ready = cards
    .filter((card) => card.status === "ready")
    .sort((a, b) => b.priority - a.priority || a.created_at - b.created_at || a.id - b.id);
  const parallel = world.policy.parallel ?? PARALLEL;
  const agent = world.policy.agents?.[0] ?? null;
  const starts: QueuePlan["starts"] = [];
  const waits: QueuePlan["waits"] = [];
  for (const card of ready) {
    const obstacle = obstacleOf(world, card, agent);
    if (obstacle) waits.push({ task: card.id, ...obstacle, place: 1, of: 1 });
    else if (live.length + starts.length < parallel && agent !== null) {
      const why = world.policy.paused ? `would start on ${agent}, but the queue is paused` : `starts next, on ${agent}`;
      starts.push({ task: card.id, agent, model: null, rule: "first of its agents; model: the agent's default", why });
    } else waits.push({ task: card.id, code: "limit", why: "", place: 0, of: 0 });
  }
  const full = waits.filter((wait) => wait.code === "limit");
  full.forEach((wait, at) => {
    const place =
      full.length === 1 ? "next" : at === 0 ? `first of ${full.length}` : `number ${at + 1} of ${full.length}`;
    wait.why = `waiting: ${live.length} of ${parallel} in flight, ${place}`;
    wait.place = at + 1;
    wait.of = full.length;
  });
  return {
    paused: world.policy.paused ?? false,
    in_flight: live.length,
    parallel,
    starts,
    waits: waits.slice(0, MOST_REASONS),
    ready: ready.length,
    agents: world.agents
      .filter((one) => one.name !== "custom")
      .map((one) => ({
        name: one.name,
        installed: one.path !== null,
        live: live.filter((card) => card.run?.agent === one.name).length,
        capacity: one.registered_at === null ? null : one.max_capacity,
        succeeded: world.records.get(one.name)?.[0] ?? 0,
        ended: world.records.get(one.name)?.[1] ?? 0,
        spent_today: world.spends.get(one.name)?.[0] ?? NOTHING,
        spent: world.spends.get(one.name)?.[1] ?? NOTHING,
        failures: 0,
        breaker: one.breaker ?? { threshold: 3, cool_down: 60_000, longest: 3_600_000 },
        trouble: world.troubles.get(one.name) ?? null,
      })),
  };
}

function obstacleOf(world: Scene, card: Card, agent: string | null): { code: string; why: string } | null {
  const task = world.tasks.get(card.id);
  const edge = task?.queue.waits_for.find((one) => !one.met);
  if (edge) return { code: "blocked", why: `blocked by T-${edge.upstream}, ${PHRASES[edge.status]}` };
  if (!card.queued) return { code: "by_hand", why: "waits for you to run or queue it" };
  if (agent === null) return { code: "no_agent", why: "no agent is chosen: assign one, or name the project's agents" };
  return null;
}

const PHRASES: Record<Status, string> = {
  inbox: "which is in the inbox",
  ready: "which has not started",
  in_progress: "which is in flight",
  review: "which is in review",
  done: "which succeeded",
  failed: "which failed",
  cancelled: "which was cancelled",
};

/** Whether `from` waits for `goal`, over however many cards. */
function reaches(world: Scene, from: TaskId, goal: TaskId): boolean {
  const seen = new Set<TaskId>();
  const ahead = [from];
  for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
    if (at === goal) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    ahead.push(...(world.tasks.get(at)?.queue.waits_for.map((edge) => edge.upstream) ?? []));
  }
  return false;
}

function refuse(code: ProblemCode, message: string): never {
  throw { code, message, next: null } satisfies Problem;
}
