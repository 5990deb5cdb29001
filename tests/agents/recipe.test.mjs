// The real agents against the fake model server, without Flightboard between them. When a story with a real agent
// fails, this says whether the agent or the story is at fault.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeHome } from "./home.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = join(HERE, "../.cache");
const BIN = join(CACHE, "agents/bin");

let server;
let port;
let room;

before(async () => {
  mkdirSync(CACHE, { recursive: true });
  room = mkdtempSync(join(CACHE, "recipe-"));
  const script = join(HERE, "fake_llm/fake_llm.py");
  server = spawn("python3", [script, join(HERE, "fake_llm/scenarios/basic.json"), "--port", "0"]);
  server.stdout.setEncoding("utf8");
  port = await new Promise((found, failed) => {
    server.stdout.once("data", (line) => found(Number(line.match(/:(\d+)/)[1])));
    server.once("exit", (code) => failed(new Error(`the fake model server ended with ${code}`)));
  });
});

after(() => {
  server?.kill();
  rmSync(room, { recursive: true, force: true });
});

const SESSION = {
  claude: (events) => events.find((event) => event.subtype === "init")?.session_id,
  codex: (events) => events.find((event) => event.type === "thread.started")?.thread_id,
  gemini: (events) => events.find((event) => event.type === "init")?.session_id,
  opencode: (events) => events.find((event) => event.sessionID)?.sessionID,
  qwen: (events) => events.find((event) => event.subtype === "init")?.session_id,
};

for (const agent of Object.keys(SESSION)) {
  test(`${agent} writes the file that the model asks for, and says its session`, () => {
    const { workspace, run } = prepare(agent);
    const { status, events, stderr } = run("please do [[write]]");
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(join(workspace, "hello.txt"), "utf8"), "hello from a fake model\n");
    assert.match(SESSION[agent](events) ?? "no session", /[0-9a-zA-Z-]{16,}/);
    assert.match(git(workspace, "status", "--short"), /^\?\? hello\.txt\n$/);
  });

  test(`${agent} ends with a failure when the model refuses`, () => {
    const { status, events } = prepare(agent).run("please do [[fail400]]");
    // Gemini's exit code is the HTTP status modulo 256; Qwen's is 0, and only its words tell.
    assert.equal(status, { gemini: 144, qwen: 0 }[agent] ?? 1);
    if (agent === "qwen") assert.match(events.at(-1).result, /^\[API Error: 400 /);
  });
}

function prepare(agent) {
  const folder = mkdtempSync(join(room, `${agent}-`));
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  git(workspace, "init", "-q");
  git(
    workspace,
    "-c",
    "user.name=T",
    "-c",
    "user.email=t@example.invalid",
    "commit",
    "-q",
    "--allow-empty",
    "-m",
    "start",
  );
  const { env, unattended } = makeHome(agent, join(folder, "home"), port, workspace);
  const run = (prompt) => {
    const [command, ...args] = unattended.map((part) => part.replace("{prompt}", prompt));
    const result = spawnSync(join(BIN, command), args, {
      cwd: workspace,
      encoding: "utf8",
      timeout: 90_000,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        LANG: "C.UTF-8",
        FLIGHTBOARD_TEST_RUN: process.env.FLIGHTBOARD_TEST_RUN ?? "",
        ...env,
      },
    });
    return { ...result, events: eventsOf(result.stdout) };
  };
  return { workspace, run };
}

function eventsOf(text) {
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line));
}

function git(folder, ...args) {
  const { status, stdout, stderr } = spawnSync("git", args, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}
