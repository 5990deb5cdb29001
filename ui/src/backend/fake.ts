// An engine that lives in the page's memory, for component tests and for looking at screens without a
// real one (`?fake`, `?fake=1000` for a crowd, `?fake=empty`, `?fake=first` for the first run,
// `?fake=error`, `?fake=slow`). Its scenes are data in fake-scene.ts.
import type {
  Card,
  Status as Column,
  Event,
  Problem,
  Run,
  RunId,
  RunStatus,
  Shown,
  TaskId,
  TimelineEntry,
} from "../bindings";
import type { Backend, Exited, Listener, Operations, TerminalHandlers } from "./backend";
import { fakeBelongings, progressOf } from "./fake-belongings";
import { fakeDoors } from "./fake-doors";
import { base64, cardRun, checkTitle, detailIn, emptyTask, newCard, newRun, plainLines, refuse } from "./fake-made";
import { fakeProjects } from "./fake-projects";
import { fakeQueue } from "./fake-queue";
import { type FakeTask, ROLES, registered, type Scene, sceneOf } from "./fake-scene";
import { fakeSchedules } from "./fake-schedules";

export interface FakeOptions {
  scene?: string;
}

/** A fake with handles for tests: the scene it plays, and ways to make things happen in it. */
export interface FakeBackend extends Backend {
  readonly world: Scene;
  /** Changes a card as the engine would and tells the listeners. */
  change(id: TaskId, fields: Partial<Card>): void;
  emit(event: Event): void;
  /** As a link or the tray would ask. */
  show(shown: Shown): void;
  /** The next call of this operation fails with the problem. */
  failNext(operation: keyof Operations, problem: Problem): void;
  /** Every call so far, oldest first. */
  readonly calls: { name: string; request: unknown }[];
}

const LIVE: readonly RunStatus[] = ["queued", "preparing", "working", "waiting", "idle", "rate_limited", "unknown"];
const SLOW_MS = 1_500;

export function fakeBackend({ scene = "" }: FakeOptions = {}): FakeBackend {
  const world = sceneOf(scene);
  const listeners = new Set<Listener>();
  const followers = new Set<(shown: Shown) => void>();
  let login = false;
  const failures = new Map<string, Problem>();
  const calls: { name: string; request: unknown }[] = [];
  const terminals = new Map<RunId, Set<TerminalHandlers>>();

  const emit = (event: Event) => {
    for (const listener of [...listeners]) listener.onEvent(event);
  };
  const changed = (tasks: TaskId[], also: Partial<Extract<Event, { type: "changed" }>> = {}) => {
    world.seq += 1;
    world.savedAt = Date.now();
    emit({
      type: "changed",
      seq: world.seq,
      tasks,
      projects: false,
      agents: false,
      settings: false,
      schedules: false,
      webhooks: false,
      keys: false,
      ...also,
    });
  };
  const taskOf = (id: TaskId): FakeTask => world.tasks.get(id) ?? refuse("not_found", `There is no card T-${id}.`);
  const runOf = (id: RunId): Run => {
    for (const task of world.tasks.values()) {
      const run = task.runs.find((candidate) => candidate.id === id);
      if (run) return run;
    }
    return refuse("not_found", "That run is gone.");
  };
  const detailOf = (task: FakeTask) => detailIn(world, task);
  const note = (task: FakeTask, kind: string, text: string, actor = "you", run: RunId | null = null) => {
    const entry: TimelineEntry = { seq: world.seq + 1, at: Date.now(), actor, kind, text, run };
    task.timeline.push(entry);
  };
  const edit = (id: TaskId, fields: Partial<Card>) => {
    const task = taskOf(id);
    task.card = { ...task.card, ...fields };
    changed([id]);
    return task.card;
  };
  const setRun = (run: Run, fields: Partial<Run>, card: Partial<Card> = {}) => {
    Object.assign(run, fields);
    const task = taskOf(run.task);
    edit(run.task, { ...card, run: { ...cardRun(run), last_line: task.card.run?.last_line ?? null } });
  };
  const endRun = (run: Run, status: RunStatus, exit: Exited) => {
    const column: Column = status === "succeeded" ? "review" : status === "failed" ? "failed" : "ready";
    setRun(
      run,
      { status, ended_at: exit.ended_at, exit_code: exit.code, signal: exit.signal },
      { status: column, entered_at: Date.now(), needs_you: false, why: null },
    );
    for (const viewer of terminals.get(run.id) ?? []) viewer.onExited(exit);
  };

  const backend: Operations = {
    getOverview: async () => {
      const cards = [...world.tasks.values()].map((task) => task.card).filter((card) => !card.trashed);
      return {
        version: "0.1.0",
        seq: world.seq,
        in_flight: cards.filter((card) => card.run && LIVE.includes(card.run.status)).length,
        waiting: cards.filter((card) => card.status === "ready").length,
        needs_you: cards.filter((card) => card.needs_you).length,
        saved_at: world.savedAt,
        data_dir: "/home/ada/.local/share/flightboard",
        problem: null,
      };
    },
    getBoard: async ({ project, trashed }) => ({
      seq: world.seq,
      now: Date.now(),
      cards: [...world.tasks.values()]
        .map((task) => task.card)
        .filter((card) => (trashed || !card.trashed) && (project == null || card.project === project)),
    }),
    getCards: async ({ ids }) => ids.flatMap((id) => world.tasks.get(id)?.card ?? []),
    addTask: async (request) => {
      const card = newCard(world, request);
      world.tasks.set(card.id, emptyTask(card, request.description ?? ""));
      if (card.parent !== null) edit(card.parent, { progress: progressOf(world, card.parent) });
      note(taskOf(card.id), "task.added", "Card written");
      changed([card.id]);
      return card;
    },
    editTask: async (request) => {
      const task = taskOf(request.id);
      if (request.version != null && request.version !== task.version) {
        refuse("conflict", "Somebody changed this card meanwhile.", "Look at the newer text and save again.");
      }
      if (request.title != null) checkTitle(request.title);
      if (request.description != null) task.description = request.description;
      task.version += 1;
      edit(request.id, {
        ...(request.title != null && { title: request.title.trim() }),
        ...(request.project != null && { project: request.project }),
        ...(request.priority != null && { priority: request.priority }),
        ...(request.tags != null && { tags: request.tags }),
        ...(request.due != null && { due_at: request.due.at }),
        ...(request.assign != null && { assignee: request.assign.agent }),
      });
      return detailOf(task);
    },
    moveTask: async ({ id, column }) => {
      const task = taskOf(id);
      if (column === "in_progress") refuse("conflict", "Start a run instead.", "Pick an agent.");
      const live = task.runs.find((run) => LIVE.includes(run.status));
      if (live) {
        Object.assign(live, { status: "stopped", ended_at: Date.now(), signal: 15 });
        task.card = { ...task.card, run: cardRun(live) };
      }
      note(task, "task.moved", `Moved to ${column}`);
      return edit(id, { status: column, entered_at: Date.now(), needs_you: false, why: null });
    },
    trashTask: async ({ id }) => edit(id, { trashed: true }),
    restoreTask: async ({ id }) => edit(id, { trashed: false }),
    deleteTask: async ({ id }) => {
      taskOf(id);
      world.tasks.delete(id);
      changed([id]);
      return {};
    },
    emptyTrash: async () => {
      const gone = [...world.tasks.values()].filter(({ card }) => card.trashed).map(({ card }) => card.id);
      for (const id of gone) world.tasks.delete(id);
      changed(gone);
      return { deleted: gone.length, kept: [] };
    },
    getTask: async ({ id }) => detailOf(taskOf(id)),
    findTask: async ({ key }) => detailOf(taskOf(Number(key.replace(/^t-/i, "")))),
    getTimeline: async ({ id }) => [...taskOf(id).timeline],
    addComment: async ({ task: id, body, parent = null }) => {
      const task = taskOf(id);
      world.lastComment += 1;
      const comment = { id: world.lastComment, author: "you", body, at: Date.now(), parent };
      task.comments = [...task.comments, comment];
      note(task, "task.commented", body);
      changed([id]);
      return comment;
    },
    startRun: async (request) => {
      const task = taskOf(request.task);
      const agent = world.agents.find((candidate) => candidate.name === request.agent);
      if (!agent?.path) refuse("unavailable", `${request.agent} is not installed.`, agent?.install ?? null);
      const run = newRun(world, task, request);
      task.runs = [run, ...task.runs];
      setRun(run, {}, { status: "in_progress", entered_at: Date.now(), runs: task.runs.length, why: null });
      await pause(600);
      note(task, "run.started", `${request.agent} started`, "engine", run.id);
      setRun(run, { status: "working", started_at: Date.now() });
      playDemo(run);
      return run;
    },
    startNext: async ({ count, agent }) => {
      const waits = (task: FakeTask) => task.queue.waits_for.some((edge) => !edge.met);
      const free = [...world.tasks.values()].filter(
        (task) => task.card.status === "ready" && !task.card.needs_you && !waits(task),
      );
      const starts = free
        .slice(0, count)
        .map(({ card }) => backend.startRun({ task: card.id, agent, mode: "unattended" }));
      return { runs: await Promise.all(starts), passed_over: [] };
    },
    stopRun: async ({ run: id }) => {
      const run = runOf(id);
      if (LIVE.includes(run.status)) endRun(run, "stopped", { code: null, signal: 15, ended_at: Date.now() });
      return run;
    },
    getRun: async ({ run }) => runOf(run),
    sendInput: async ({ run: id, text }) => {
      const run = runOf(id);
      if (!LIVE.includes(run.status)) refuse("conflict", "The agent has ended.", "Run the card again.");
      world.outputs.set(id, `${world.outputs.get(id) ?? ""}${text.replace(/\r/g, "\r\n")}`);
      write(id, text.replace(/\r/g, "\r\n"));
      return {};
    },
    readLog: async ({ run, offset, len }) => {
      const bytes = new TextEncoder().encode(world.outputs.get(run) ?? "");
      return { offset, data: base64(bytes.subarray(offset, offset + len)), total: bytes.length };
    },
    readLines: async ({ run, first, count }) => {
      const lines = plainLines(world.outputs.get(run) ?? "");
      return { first, lines: lines.slice(first, first + count), total: lines.length };
    },
    searchLog: async ({ run, text, limit }) => {
      const hits = plainLines(world.outputs.get(run) ?? "").flatMap((line, at) =>
        line.toLowerCase().includes(text.toLowerCase()) ? [{ offset: 0, line: at + 1, text: line }] : [],
      );
      return hits.slice(0, limit);
    },
    getChanges: async ({ run }) =>
      world.changes.get(run) ?? {
        count: { files: 0, added: 0, removed: 0 },
        files: [],
        cut: false,
        commits: 0,
        note: null,
      },
    getDiff: async ({ run, path }) => world.diffs.get(`${run}:${path}`) ?? { path, patch: "", cut: false },
    removeWorkspace: async ({ run: id }) => {
      const run = runOf(id);
      if (run.workspace)
        run.workspace = { ...run.workspace, present: false, salvage: `refs/flightboard/salvage/${id}` };
      changed([run.task]);
      return run;
    },
    restoreWorkspace: async ({ run: id }) => {
      const run = runOf(id);
      if (run.workspace) run.workspace = { ...run.workspace, present: true };
      changed([run.task]);
      return run;
    },
    readArtifact: async ({ id, offset, len }) => {
      const found = world.artifacts.get(id) ?? refuse("not_found", "That artifact is gone.");
      return {
        artifact: found.artifact,
        data: base64(found.bytes.subarray(offset, offset + len)),
        total: found.bytes.length,
      };
    },
    listAgents: async () => world.agents,
    listRoles: async () => ROLES,
    registerAgent: async (request) => {
      if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(request.name)) {
        refuse("invalid", `“${request.name}” is not a name for an agent.`);
      }
      const next = registered(
        request,
        world.agents.find(({ name }) => name === request.name),
      );
      world.agents = [...world.agents.filter(({ name }) => name !== request.name), next];
      changed([], { agents: true });
      return next;
    },
    removeAgent: async ({ name }) => {
      world.agents = world.agents.filter((agent) => agent.name !== name);
      changed([], { agents: true });
      return {};
    },
    tryAgent: async ({ kind, profile }) => {
      const program = profile?.program ?? kind;
      const asked = kind !== "custom" || (profile?.version_args ?? []).length > 0;
      return {
        path: `/home/ada/.local/bin/${program}`,
        version: asked ? "1.2.3" : null,
        said: asked ? `${program} 1.2.3\n` : "",
        problem: null,
      };
    },
    doctor: async () => ({
      version: "0.1.0",
      data_dir: "/home/ada/.local/share/flightboard",
      checks: world.checks,
      agents: world.agents,
    }),
    getSettings: async () => world.settings,
    putSettings: async (settings) => {
      world.settings = settings;
      changed([], { settings: true });
      return settings;
    },
    ...fakeBelongings(world, { taskOf, edit, detailOf, settingsChanged: () => changed([], { settings: true }) }),
    ...fakeQueue(world, { taskOf, edit, detailOf, settingsChanged: () => changed([], { settings: true }) }),
    ...fakeProjects(world, (also) => changed([], also)),
    ...fakeDoors((also) => changed([], also)),
    ...fakeSchedules(
      (also) => changed([], also),
      (request) => backend.addTask(request),
    ),
  };

  const write = (run: RunId, text: string) => {
    for (const viewer of terminals.get(run) ?? []) viewer.onOutput(new TextEncoder().encode(text));
  };

  /** A little life after a start, so that screens move. */
  const playDemo = (run: Run) => {
    const lines = [
      "reading TASK.md",
      "▸ edit src/main.rs (+12 −3)",
      "▸ cargo test",
      "118 passed",
      "wrote COMPLETION.md",
    ];
    const step = (at: number) => {
      if (run.status !== "working") return;
      const line = lines[at];
      if (line === undefined) return endRun(run, "succeeded", { code: 0, signal: null, ended_at: Date.now() });
      const text = `${line}\r\n`;
      world.outputs.set(run.id, (world.outputs.get(run.id) ?? "") + text);
      write(run.id, text);
      emit({
        type: "live",
        task: run.task,
        run: run.id,
        status: "working",
        last_line: line,
        output_bytes: text.length,
      });
      setTimeout(step, 900, at + 1);
    };
    setTimeout(step, 300, 0);
  };

  const guarded = Object.fromEntries(
    Object.entries(backend).map(([name, operation]) => [
      name,
      async (request: unknown) => {
        calls.push({ name, request });
        await pause(scene === "slow" ? SLOW_MS : 0);
        const failure = failures.get(name) ?? (scene === "error" && name.startsWith("get") ? ALWAYS_BROKEN : undefined);
        failures.delete(name);
        if (failure) throw failure;
        return structuredClone(await (operation as (request: unknown) => Promise<unknown>)(request));
      },
    ]),
  ) as Operations;

  return {
    ...guarded,
    kind: "fake",
    canOpen: true,
    world,
    calls,
    emit,
    change: (id, fields) => void edit(id, fields),
    failNext: (operation, problem) => void failures.set(operation, problem),
    subscribe: (listener) => {
      listeners.add(listener);
      queueMicrotask(() => listener.onConnection("connected"));
      return () => listeners.delete(listener);
    },
    openTerminal: (id, size, handlers) => {
      const viewers = terminals.get(id) ?? new Set();
      terminals.set(id, viewers.add(handlers));
      queueMicrotask(() => {
        handlers.onSize(size.cols, size.rows);
        handlers.onReset(new TextEncoder().encode(world.outputs.get(id) ?? ""));
        handlers.onEarlier(0);
        const run = runOf(id);
        if (run.ended_at !== null)
          handlers.onExited({ code: run.exit_code, signal: run.signal, ended_at: run.ended_at });
      });
      return {
        input: (text) => void guarded.sendInput({ run: id, text }).catch(() => {}),
        ack: () => {},
        resize: (cols, rows) => handlers.onSize(cols, rows),
        visible: () => {},
        close: () => {
          viewers.delete(handlers);
          handlers.onClosed(null);
        },
      };
    },
    followLinks: (heard) => {
      followers.add(heard);
      return () => followers.delete(heard);
    },
    updateSource: async () => "releases.example.org",
    lookForUpdate: async () => ({ version: "9.0.0", notes: "- Cards **fly**." }),
    installUpdate: async (_, onFetched) => onFetched({ bytes: 3_000_000, of: 12_000_000 }),
    startsAtLogin: async () => login,
    startAtLogin: async (on) => {
      login = on;
      return on;
    },
    show: (shown) => {
      for (const heard of [...followers]) heard(shown);
    },
    pickFolder: async () => "/home/ada/code/picked",
    pickFile: async () => "/home/ada/db.sqlite",
    saveBoard: async () => "/home/ada/flightboard.jsonl",
    saveArtifact: async () => "/home/ada/Downloads/saved",
    saveAttachment: async () => "/home/ada/Downloads/saved",
    openPath: async () => {},
    openUrl: async () => {},
  };
}

const ALWAYS_BROKEN: Problem = {
  code: "internal",
  message: "The database cannot be read: disk I/O error.",
  next: "Check the disk, then try again.",
};

function pause(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
