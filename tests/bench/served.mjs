// An engine at a desk, `flightboard serve` in the build that is measured, and the two ways into it: operations and
// terminals, both over the socket in its data directory.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { program } from "../../src-tauri/setup/build.mjs";

const OUTPUT = 0;
const RESET = 1;

export async function serve(desk, profile) {
  const child = spawn(program("flightboard", profile), ["serve", "--port", "0"], {
    cwd: desk.folder,
    env: { ...process.env, ...desk.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`flightboard serve ended with ${code}`);
  });
  // Awaited only until the first line; an orderly end later on is no news.
  ended.catch(() => {});
  const [address] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended]);
  return new Served(child, join(desk.data, "engine.sock"), address);
}

class Served {
  constructor(child, socket, address) {
    this.child = child;
    this.socket = socket;
    /** Logs one browser in. */
    this.address = address;
    this.agent = new Agent({ keepAlive: true, maxSockets: 32 });
  }

  rpc(operation, body) {
    return new Promise((done, fail) => {
      const headers = { "content-type": "application/json" };
      const call = request({
        socketPath: this.socket,
        path: `/rpc/${operation}`,
        method: "POST",
        headers,
        agent: this.agent,
      });
      call.on("response", async (answer) => {
        let text = "";
        for await (const piece of answer.setEncoding("utf8")) text += piece;
        if (answer.statusCode === 200) done(JSON.parse(text));
        else fail(new Error(`${operation}: ${text}`));
      });
      call.on("error", fail);
      call.end(JSON.stringify(body));
    });
  }

  /** A card of its own, and a run of that command on it without a project: a plain folder. */
  async start(title, argv, mode = "unattended") {
    const { id } = await this.rpc("add_task", { title, column: "ready" });
    return this.rpc("start_run", { task: id, agent: "custom", mode, argv });
  }

  async stop() {
    this.agent.destroy();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
  }
}

/**
 * One viewer of a run. `onBytes` gets what is to be drawn; `ack` says that so many bytes were. `unacknowledged` is
 * what the engine has let us have beyond that, and `most` the most it ever was.
 */
export async function openTerminal(socket, run, onBytes) {
  const ws = new WebSocket(`ws+unix://${socket}:/terminal/${run}?cols=80&rows=24`, { perMessageDeflate: false });
  const terminal = {
    unacknowledged: 0,
    most: 0,
    received: 0,
    type: (text) => ws.send(Buffer.from(text)),
    ack(bytes = terminal.unacknowledged) {
      if (bytes === 0) return;
      terminal.unacknowledged -= bytes;
      ws.send(JSON.stringify({ ack: bytes }));
    },
    close: () => ws.terminate(),
  };
  ws.on("message", (frame) => {
    if (frame[0] !== OUTPUT && frame[0] !== RESET) return;
    terminal.received += frame.length - 1;
    terminal.unacknowledged += frame.length - 1;
    terminal.most = Math.max(terminal.most, terminal.unacknowledged);
    onBytes(frame.subarray(1));
  });
  await once(ws, "open");
  return terminal;
}
