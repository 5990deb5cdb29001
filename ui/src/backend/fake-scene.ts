// The fake engine's scenes: the board of the design sketches, a crowd, an empty board, a first run.
import type {
  Agent,
  Artifact,
  Attachment,
  Card,
  CardRun,
  Changes,
  Check,
  Status as Column,
  Comment,
  FileDiff,
  FoundRepository,
  Project,
  QueuePolicy,
  RegisterAgent,
  Role,
  Run,
  RunSpend,
  RunStatus,
  Settings,
  TaskId,
  TaskQueue,
  TimelineEntry,
} from "../bindings";
import { furnish } from "./fake-task";

export interface FakeTask {
  card: Card;
  description: string;
  version: number;
  runs: Run[];
  artifacts: Artifact[];
  attachments?: Attachment[];
  comments: Comment[];
  timeline: TimelineEntry[];
  /** Without `queued`, which is on the card. */
  queue: Omit<TaskQueue, "queued">;
}

export interface Scene {
  seq: number;
  savedAt: number;
  lastTask: number;
  lastRun: number;
  lastProject: number;
  lastRepository: number;
  lastComment: number;
  tasks: Map<TaskId, FakeTask>;
  projects: Project[];
  agents: Agent[];
  repositories: FoundRepository[];
  checks: Check[];
  settings: Settings;
  policy: QueuePolicy;
  /** Why an agent is left alone, by name. */
  troubles: Map<string, string>;
  /** Runs that succeeded and runs that ended, by agent. */
  records: Map<string, [succeeded: number, ended: number]>;
  /** What agents used today and in all, by name. */
  spends: Map<string, [today: RunSpend, all: RunSpend]>;
  /** Terminal output by run. */
  outputs: Map<number, string>;
  changes: Map<number, Changes>;
  /** By `run:path`. */
  diffs: Map<string, FileDiff>;
  artifacts: Map<number, { artifact: Artifact; bytes: Uint8Array }>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function sceneOf(name: string): Scene {
  const scene = emptyScene();
  if (name === "empty") return scene;
  if (name === "first") {
    return { ...scene, projects: [], settings: { ...scene.settings, welcomed: false } };
  }
  if (/^\d+$/.test(name)) crowd(scene, Number(name));
  else sketch(scene);
  return scene;
}

function emptyScene(): Scene {
  return {
    seq: 100,
    savedAt: Date.now(),
    lastTask: 0,
    lastRun: 0,
    lastProject: 3,
    lastRepository: 0,
    lastComment: 0,
    tasks: new Map(),
    projects: [project(1, "parser"), project(2, "website"), project(3, "infra")],
    agents: AGENTS.map((agent) => ({ ...agent })),
    repositories: [
      { path: "/home/ada/code/parser", name: "parser", last_commit_at: Date.now() - 2 * HOUR },
      { path: "/home/ada/code/website", name: "website", last_commit_at: Date.now() - 3 * DAY },
      { path: "/home/ada/code/dotfiles", name: "dotfiles", last_commit_at: null },
    ],
    checks: [
      { name: "git", ok: true, found: "2.39.5", fix: null },
      { name: "data directory", ok: true, found: "/home/ada/.local/share/flightboard, 212 GB free", fix: null },
      {
        name: "systemd user scope",
        ok: false,
        found: "not available",
        fix: "Agents stop with the login session; log in through systemd.",
      },
    ],
    settings: { theme: "", last_agent: null, last_project: null, welcomed: true, editor: [] },
    policy: {},
    troubles: new Map(),
    records: new Map(),
    spends: new Map(),
    outputs: new Map(),
    changes: new Map(),
    diffs: new Map(),
    artifacts: new Map(),
  };
}

function project(id: number, name: string): Project {
  return {
    id,
    name,
    path: `/home/ada/code/${name}`,
    git: true,
    problem: null,
    settings: { base: "", setup: [], in_place: false, trusted: false, agent: null },
    open_cards: 0,
    directory: name,
    repositories: [],
  };
}

function agent(name: string, title: string, version: string | null, install: string, docs: string): Agent {
  return {
    name,
    title,
    path: version === null ? null : `/home/ada/.local/bin/${name}`,
    version,
    install,
    docs_url: docs,
    modes: ["interactive", "unattended"],
    problem: null,
    live: 0,
    kind: name,
    builtin: true,
    program: name === "custom" ? "" : name,
    profile: {},
    role: null,
    instructions: "",
    told: "",
    skills: [],
    max_capacity: 1,
    model: null,
    enabled: true,
    retry: {},
    breaker: null,
    registered_at: null,
    updated_at: null,
    last_seen_at: null,
    online_until: null,
    presence: null,
  };
}

/** Roles as the engine has them, with shorter instructions. */
export const ROLES: Role[] = [
  {
    name: "coder",
    title: "Coder",
    summary: "Makes the smallest change that does the whole job.",
    instructions: "Change code.",
  },
  {
    name: "reviewer",
    title: "Reviewer",
    summary: "Checks the work and ends with a verdict.",
    instructions: "Review work.\n\nVERDICT: APPROVED",
  },
];

/** An agent of the person's own as the engine would list it. */
export function registered(request: RegisterAgent, before: Agent | undefined): Agent {
  const kind = request.kind ?? before?.kind ?? "custom";
  const now = Date.now();
  const base = before ?? { ...agent(request.name, request.name, null, "", ""), builtin: false, kind };
  const profile = request.profile ?? base.profile;
  const program = profile.program ?? (kind === "custom" ? "" : kind);
  const instructions = request.instructions ?? base.instructions;
  const role = request.role === undefined ? base.role : request.role || null;
  return {
    ...base,
    kind,
    profile,
    program,
    instructions,
    role,
    title: request.title || base.title,
    path: program ? (program.startsWith("/") ? program : `/home/ada/.local/bin/${program}`) : null,
    told: instructions || (ROLES.find((one) => one.name === role)?.instructions ?? ""),
    skills: request.skills ?? base.skills,
    max_capacity: request.max_capacity ?? base.max_capacity,
    model: request.model === undefined ? base.model : request.model || null,
    enabled: request.enabled ?? base.enabled,
    retry: request.retry ?? base.retry,
    breaker: request.breaker ? request.breaker.rule : base.breaker,
    registered_at: base.registered_at ?? now,
    updated_at: now,
  };
}

const AGENTS: Agent[] = [
  {
    ...agent(
      "claude",
      "Claude Code",
      "2.1.329",
      "npm install -g @anthropic-ai/claude-code",
      "https://docs.claude.com/claude-code",
    ),
    live: 1,
  },
  {
    ...agent("codex", "Codex", "0.98.0", "npm install -g @openai/codex", "https://developers.openai.com/codex"),
    live: 2,
  },
  agent("gemini", "Gemini CLI", null, "npm install -g @google/gemini-cli", "https://geminicli.com"),
  { ...agent("opencode", "opencode", "1.4.2", "npm install -g opencode-ai", "https://opencode.ai/docs"), live: 1 },
  agent("aider", "Aider", null, "pipx install aider-chat", "https://aider.chat"),
  agent("demo", "Demo", "0.1.0", "Comes with Flightboard", ""),
  agent("custom", "Custom command", "", "Any command", ""),
];

// ---------------------------------------------------------------- building cards

interface Draft extends Partial<Omit<Card, "run" | "id">> {
  id: number;
  title: string;
  agent?: string;
  state?: RunStatus;
  line?: string;
  ran?: number;
}

function add(scene: Scene, draft: Draft): FakeTask {
  const { agent: agentName, state, line, ran = 5 * MINUTE, ...fields } = draft;
  const now = Date.now();
  const run = agentName && state ? runOf(scene, draft, agentName, state, now - ran) : null;
  const card: Card = {
    key: `T-${draft.id}`,
    status: "inbox",
    priority: 5,
    project: 1,
    tags: [],
    due_at: null,
    assignee: null,
    created_at: now - 3 * HOUR,
    entered_at: now - 2 * HOUR,
    runs: run ? 1 : 0,
    artifacts: 0,
    changes: null,
    why: null,
    needs_you: false,
    queued: false,
    trashed: false,
    parent: null,
    progress: null,
    ...fields,
    run: run && cardRunOf(run, line ?? null),
  };
  const task: FakeTask = {
    card,
    description: "",
    version: 1,
    runs: run ? [run] : [],
    artifacts: [],
    comments: [],
    queue: plainQueue(),
    timeline: [
      { seq: draft.id, at: card.created_at, actor: "you", kind: "task.added", text: "Card written", run: null },
    ],
  };
  scene.tasks.set(draft.id, task);
  scene.lastTask = Math.max(scene.lastTask, draft.id);
  return task;
}

/** Of a card that nobody has queued. */
export function plainQueue(): FakeTask["queue"] {
  return {
    agents: [],
    skills: [],
    model: null,
    retry: {},
    failures: [],
    waits_for: [],
    holds_up: [],
    gate: [],
    own_gate: false,
    round: 1,
    reviews: [],
    called: null,
    workflow: null,
  };
}

function runOf(scene: Scene, draft: Draft, agentName: string, status: RunStatus, from: number): Run {
  scene.lastRun += 1;
  const ended = ["succeeded", "failed", "stopped", "lost"].includes(status);
  return {
    id: scene.lastRun,
    task: draft.id,
    attempt: 1,
    agent: agentName,
    agent_version: AGENTS.find((candidate) => candidate.name === agentName)?.version ?? null,
    mode: "interactive",
    model: null,
    status,
    evidence: status === "waiting" ? "OSC 7501 blocked, permission" : null,
    reason: status === "waiting" ? "cargo update -p sqlx --precise 0.9.0" : null,
    created_at: from,
    started_at: status === "queued" || status === "preparing" ? null : from,
    ended_at: ended ? Date.now() - 10 * MINUTE : null,
    exit_code: ended ? (status === "succeeded" ? 0 : 1) : null,
    signal: null,
    session: "7f3c0e5a",
    workspace: {
      path: `/home/ada/.local/share/flightboard/work/t-${draft.id}`,
      kind: "worktree",
      branch: `flightboard/t-${draft.id}`,
      base: "4f1c2d9",
      present: true,
      salvage: null,
    },
    output_bytes: 0,
    argv: [agentName],
    survivors: [],
    review: null,
    rule: null,
  };
}

function cardRunOf(run: Run, last_line: string | null): CardRun {
  const { id, agent: name, status, started_at, ended_at } = run;
  const cause = status === "failed" ? "exited_non_zero" : null;
  return { id, agent: name, status, started_at, ended_at, last_line, cause };
}

// ---------------------------------------------------------------- scenes

function sketch(scene: Scene): void {
  const now = Date.now();
  add(scene, {
    id: 151,
    title: "Rate limiter drops the first request after an idle minute",
    tags: ["bug"],
    created_at: now - 2 * HOUR,
  });
  add(scene, {
    id: 150,
    title: "Write the migration guide for 3.0",
    tags: ["docs"],
    created_at: now - DAY - HOUR,
    project: 2,
  });
  add(scene, { id: 149, title: "Compare SIMD JSON parsers", tags: ["research"], created_at: now - DAY });
  add(scene, {
    id: 152,
    title: "Averyveryverylongwordwithoutanyspaceatallthatmustnotbreakthecolumn_or_the_card_layout",
    tags: ["long", "words", "everywhere"],
    priority: 2,
  });
  add(scene, {
    id: 147,
    title: "Cache product pages with a 5 minute TTL",
    status: "ready",
    priority: 10,
    due_at: now + 2 * DAY,
    project: 2,
    why: null,
    queued: true,
  });
  add(scene, { id: 148, title: "Review caching implementation", status: "ready", project: 2, queued: true });
  add(scene, {
    id: 140,
    title: "Translate the error catalogue",
    status: "ready",
    why: "gemini’s limit resets 14:05",
    project: 3,
  });
  const rich = add(scene, {
    id: 142,
    title: "Upgrade to sqlx 0.9 and fix what breaks",
    status: "in_progress",
    agent: "claude",
    state: "waiting",
    ran: 12 * MINUTE + 4_000,
    needs_you: true,
    why: "asks: cargo update -p sqlx",
    changes: { files: 7, added: 184, removed: 61 },
    artifacts: 3,
    entered_at: now - 12 * MINUTE,
  });
  furnish(scene, rich);
  add(scene, {
    id: 139,
    title: "Split the lexer from the parser",
    status: "in_progress",
    agent: "codex",
    state: "working",
    line: "▸ edit src/lexer.rs (+84 −12)",
    ran: 3 * MINUTE + 41_000,
    entered_at: now - 13 * MINUTE,
  });
  add(scene, {
    id: 137,
    title: "Find why the nightly build is 40 % slower",
    status: "in_progress",
    agent: "codex",
    state: "working",
    line: "▸ perf stat -e instructions ./bench --iter 50",
    ran: 21 * MINUTE + 10_000,
    entered_at: now - 22 * MINUTE,
    project: 3,
  });
  add(scene, {
    id: 133,
    title: "Port the settings page",
    status: "in_progress",
    agent: "opencode",
    state: "unknown",
    line: "no sign of life for 4 min",
    ran: 9 * MINUTE + 58_000,
    entered_at: now - 30 * MINUTE,
    project: 2,
  });
  add(scene, {
    id: 131,
    title: "Retry webhooks with backoff",
    status: "review",
    agent: "claude",
    state: "succeeded",
    ran: 40 * MINUTE,
    changes: { files: 9, added: 214, removed: 38 },
    artifacts: 1,
  });
  add(scene, {
    id: 128,
    title: "Fix login button on small screens",
    status: "review",
    agent: "codex",
    state: "failed",
    ran: 20 * MINUTE,
    why: "exited with code 1: no test for 320 px",
    project: 2,
  });
  add(scene, {
    id: 146,
    title: "Daily standup report, 20 Nov",
    status: "done",
    agent: "claude",
    state: "succeeded",
    artifacts: 1,
    entered_at: now - HOUR,
  });
  add(scene, {
    id: 145,
    title: "Weekly security audit",
    status: "done",
    agent: "codex",
    state: "succeeded",
    artifacts: 3,
    entered_at: now - 3 * HOUR,
  });
  add(scene, {
    id: 120,
    title: "Bump the toolchain",
    status: "failed",
    agent: "codex",
    state: "failed",
    why: "codex exited with code 1 after 3 s",
  });
  add(scene, { id: 119, title: "Try the other template engine", status: "cancelled" });
  queueOf(scene);
}

/** The sketch's queue: a limit that is reached, a dependency, a breaker, a gate with a rejection behind it. */
function queueOf(scene: Scene): void {
  const now = Date.now();
  scene.policy = { parallel: 4, agents: ["claude", "codex"] };
  scene.troubles.set("opencode", "breaker open for opencode, probe at 14:05");
  scene.spends
    .set("claude", [
      { tokens: 412_300, micros: 1_840_000, estimated: false },
      { tokens: 9_120_450, micros: 41_070_000, estimated: false },
    ])
    .set("codex", [
      { tokens: 0, micros: 0, estimated: false },
      { tokens: 1_200_000, micros: 2_250_000, estimated: true },
    ]);
  scene.records.set("claude", [14, 16]).set("codex", [31, 40]).set("opencode", [1, 4]);
  const reviewed = scene.tasks.get(131)?.queue;
  if (reviewed) {
    reviewed.gate = [
      { kind: "check", command: ["cargo", "test"], timeout: 600 },
      { kind: "agent", agent: "claude" },
      { kind: "person" },
    ];
    reviewed.round = 2;
    const review = { run: null, prompt: "", notes: "", at: now - 30 * MINUTE };
    reviewed.reviews = [
      { ...review, round: 1, step: 0, kind: "check", reviewer: "cargo test", verdict: "approved" },
      {
        ...review,
        round: 1,
        step: 1,
        kind: "agent",
        reviewer: "claude",
        verdict: "rejected",
        notes: "The third retry has no jitter.\n  backoff.rs:41 — see the note on thundering herds.",
        prompt: "Review work.\n\nVERDICT: APPROVED",
      },
      {
        ...review,
        at: now - 4 * MINUTE,
        round: 2,
        step: 0,
        kind: "check",
        reviewer: "cargo test",
        verdict: "approved",
      },
    ];
    reviewed.failures = [{ cause: "review_rejected", count: 1 }];
  }
  const waits = scene.tasks.get(148)?.queue;
  const upstream = scene.tasks.get(147)?.queue;
  if (waits) waits.waits_for = [{ upstream: 147, need: "success", status: "ready", met: false }];
  if (upstream) upstream.holds_up = [148];
}

const WORDS =
  "fix cache parser login retry webhook migrate index timeout lexer report audit upgrade docs layout shader".split(" ");
const CROWD_COLUMNS: Column[] = ["inbox", "inbox", "ready", "ready", "in_progress", "review", "done", "done", "failed"];

function crowd(scene: Scene, size: number): void {
  scene.policy = { parallel: 3, agents: ["codex"] };
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const word = () => WORDS[random(WORDS.length)] ?? "card";
  const now = Date.now();
  for (let id = 1; id <= size; id += 1) {
    const status = CROWD_COLUMNS[random(CROWD_COLUMNS.length)] ?? "inbox";
    const live = status === "in_progress";
    const title = Array.from({ length: 3 + random(9) }, word).join(" ");
    add(scene, {
      id,
      title: title[0]?.toUpperCase() + title.slice(1),
      status,
      priority: 1 + random(10),
      project: 1 + random(3),
      tags: random(3) === 0 ? [word()] : [],
      queued: status === "ready",
      created_at: now - random(30 * DAY),
      entered_at: now - random(30 * DAY),
      ...(live && { agent: "codex", state: "working", line: `▸ edit src/${word()}.rs`, ran: random(HOUR) }),
      ...(status === "review" && {
        agent: "claude",
        state: "succeeded",
        changes: { files: random(20), added: random(400), removed: random(90) },
      }),
    });
  }
}
