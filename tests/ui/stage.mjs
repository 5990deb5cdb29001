// An engine that the test itself plays, for what a real one does too rarely or too fast to be tested: the built
// interface from ui/dist in a real browser, its requests answered from a table, its terminal a socket in the test's
// hands. Nothing listens on the machine. Stories against the real engine use harness.mjs.

import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, expect } from "@playwright/test";

export { expect };

const DIST = fileURLToPath(new URL("../../ui/dist/", import.meta.url));
// Loopback, as in life: the clipboard exists only in a secure context. Nothing listens there.
const ORIGIN = "http://127.0.0.1:9";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css" };
/** As strict as the window's own, so that a part that needs more fails here first. */
const POLICY =
  "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws:; object-src 'none'; base-uri 'none'";

const OUTPUT = 0;
const RESET = 1;
const SIZE = 2;
const EXITED = 3;
const EARLIER = 4;

export const test = base.extend({
  stage: async ({ page }, use) => {
    const stage = new Stage(page);
    await stage.build();
    await use(stage);
    expect(stage.complaints, "what the browser complained of").toEqual([]);
  },
});

class Stage {
  constructor(page) {
    this.page = page;
    this.complaints = [];
    /** Every terminal that was opened, the newest last. */
    this.terminals = [];
    this.operations = answers();
  }

  async build() {
    const { page } = this;
    // As the window does, so that a library that cannot live with it fails here and not only there.
    await page.addInitScript(() => Object.freeze(Object.prototype));
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) this.complaints.push(message.text());
    });
    await page.route(`${ORIGIN}/**`, (route) => this.answer(route));
    await page.routeWebSocket(/\/events$/, (socket) => {
      this.events = socket;
    });
    await page.routeWebSocket(/\/terminal\//, (socket) => this.terminals.push(new Terminal(socket)));
  }

  async answer(route) {
    const { pathname } = new URL(route.request().url());
    if (pathname.startsWith("/rpc/")) return this.operate(route, pathname.slice("/rpc/".length));
    const file = join(DIST, pathname);
    const asset = pathname !== "/" && existsSync(file) ? file : join(DIST, "index.html");
    const contentType = TYPES[extname(asset)] ?? "application/octet-stream";
    return route.fulfill({
      body: readFileSync(asset),
      contentType,
      headers: { "content-security-policy": POLICY },
    });
  }

  async operate(route, name) {
    const operation = this.operations[name];
    if (!operation) return route.fulfill({ status: 404, json: { code: "not_found", message: name, next: null } });
    return route.fulfill({ json: await operation(JSON.parse(route.request().postData() ?? "{}")) });
  }

  async open(path) {
    await this.page.goto(`${ORIGIN}${path}`);
  }

  /** The newest terminal, once it is there. */
  async terminal(at = 0) {
    await expect.poll(() => this.terminals.length).toBeGreaterThan(at);
    return this.terminals[at];
  }

  tell(event) {
    this.events.send(JSON.stringify(event));
  }
}

/** The engine's end of one viewer's socket. */
class Terminal {
  constructor(socket) {
    this.socket = socket;
    this.typed = "";
    this.acked = 0;
    this.sizes = [];
    this.shown = [];
    this.waiting = [];
    socket.onMessage((message) => this.hear(message));
  }

  hear(message) {
    if (typeof message !== "string") {
      this.typed += message.toString("utf8");
      return;
    }
    const said = JSON.parse(message);
    if ("ack" in said) {
      this.acked += said.ack;
      for (const wake of this.waiting.splice(0)) wake();
    } else if ("visible" in said) this.shown.push(said.visible);
    else this.sizes.push(said);
  }

  send(kind, body) {
    this.socket.send(Buffer.concat([Buffer.of(kind), Buffer.from(body)]));
  }
  output(text) {
    this.send(OUTPUT, text);
  }
  reset(text) {
    this.send(RESET, text);
  }
  size(cols, rows) {
    const body = Buffer.alloc(4);
    body.writeUInt16LE(cols, 0);
    body.writeUInt16LE(rows, 2);
    this.send(SIZE, body);
  }
  exited(exit) {
    this.send(EXITED, JSON.stringify(exit));
  }
  earlier(offset) {
    const body = Buffer.alloc(8);
    body.writeBigUInt64LE(BigInt(offset));
    this.send(EARLIER, body);
  }
  /** The next acknowledgement. */
  ack() {
    return new Promise((heard) => this.waiting.push(heard));
  }
}

// ---------------------------------------------------------------- a board of one card

const NOW = Date.now();

export function run(fields = {}) {
  return {
    id: 7,
    task: 1,
    attempt: 1,
    agent: "claude",
    agent_version: "2.1.329",
    mode: "interactive",
    model: null,
    status: "working",
    evidence: null,
    reason: null,
    created_at: NOW,
    started_at: NOW,
    ended_at: null,
    exit_code: null,
    signal: null,
    session: null,
    workspace: null,
    output_bytes: 0,
    argv: ["claude"],
    survivors: [],
    ...fields,
  };
}

function card(newest) {
  const { id, agent, status, started_at, ended_at } = newest;
  return {
    id: 1,
    key: "T-1",
    title: "Split the lexer",
    status: "in_progress",
    priority: 5,
    project: null,
    tags: [],
    due_at: null,
    created_at: NOW,
    entered_at: NOW,
    run: { id, agent, status, started_at, ended_at, last_line: null },
    runs: 1,
    artifacts: 0,
    changes: null,
    why: null,
    needs_you: false,
    trashed: false,
    parent: null,
    progress: null,
  };
}

function answers() {
  const newest = run();
  const task = {
    card: card(newest),
    uid: "0190a1b2-0000-7000-8000-000000000001",
    description: "",
    version: 1,
    updated_at: NOW,
    runs: [newest],
    artifacts: [],
    attachments: [],
    questions: [],
    parent: null,
    subtasks: [],
    comments: [],
    moves: ["inbox", "ready", "review", "done", "cancelled"],
  };
  const settings = { theme: "dark", last_agent: null, last_project: null, welcomed: true, editor: [] };
  const overview = { version: "0", seq: 1, in_flight: 1, waiting: 0, needs_you: 0, saved_at: NOW, data_dir: "/d" };
  return {
    get_overview: () => ({ ...overview, problem: null }),
    get_board: () => ({ seq: 1, now: NOW, cards: [task.card] }),
    get_cards: () => [task.card],
    get_task: () => task,
    get_timeline: () => [],
    get_run: () => newest,
    get_settings: () => settings,
    list_projects: () => [],
    list_agents: () => [],
    list_filters: () => [],
    get_changes: () => ({ count: { files: 0, added: 0, removed: 0 }, files: [], cut: false, commits: 0, note: null }),
    read_lines: ({ first }) => ({ first, lines: [], total: 0 }),
    search_log: () => [],
  };
}
