// The browser's door: operations over POST /rpc/<operation>, events and terminals over WebSockets.
// The session cookie travels by itself; nothing secret is ever held here.
import type { Event, Problem } from "../bindings";
import {
  type Backend,
  type Connection,
  type Listener,
  OPERATIONS,
  type Operations,
  refuseUrl,
  safeUrl,
  type TerminalHandlers,
  type TerminalLink,
} from "./backend";
import { deliverFrame } from "./frames";

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

export function httpBackend(): Backend {
  return {
    ...operations(),
    kind: "web",
    canOpen: false,
    subscribe,
    followLinks: () => () => {},
    startsAtLogin: async () => null,
    startAtLogin: async () => false,
    updateSource: async () => null,
    lookForUpdate: async () => null,
    installUpdate: async () => {},
    openTerminal,
    pickFolder: async () => null,
    pickFile: async () => null,
    saveBoard: async () => null,
    saveArtifact: async () => null,
    saveAttachment: async () => null,
    openPath: async (path) => {
      throw noEditor(path);
    },
    openUrl: async (url) => {
      const safe = safeUrl(url);
      if (safe === null) throw refuseUrl(url);
      window.open(safe, "_blank", "noopener,noreferrer");
    },
  };
}

function operations(): Operations {
  const entries = OPERATIONS.map((name) => [name, (request: unknown) => call(snake(name), request)]);
  return Object.fromEntries(entries) as Operations;
}

async function call(operation: string, request: unknown): Promise<unknown> {
  const answer = await post(operation, request);
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  throw (body as Problem | null) ?? unreadable(answer.status);
}

async function post(operation: string, request: unknown): Promise<Response> {
  try {
    return await fetch(`/rpc/${operation}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
  } catch {
    throw unreachable();
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function socketUrl(path: string): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

/** Reconnects for as long as somebody listens; after each gap the listener hears `resync`. */
function subscribe(listener: Listener): () => void {
  let socket: WebSocket | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_RETRY_MS;
  let missed = false;
  let over = false;

  const connect = () => {
    listener.onConnection("connecting");
    socket = new WebSocket(socketUrl("/events"));
    socket.onopen = () => {
      wait = FIRST_RETRY_MS;
      listener.onConnection("connected");
      if (missed) listener.onEvent({ type: "resync" });
    };
    socket.onmessage = (message) => listener.onEvent(JSON.parse(message.data as string) as Event);
    socket.onclose = () => void reconnect();
  };
  const reconnect = async () => {
    if (over) return;
    missed = true;
    const state = await sessionState();
    if (over) return;
    listener.onConnection(state);
    if (state === "ended") return;
    retry = setTimeout(connect, wait);
    wait = Math.min(wait * 2, LAST_RETRY_MS);
  };

  connect();
  return () => {
    over = true;
    clearTimeout(retry);
    socket?.close();
  };
}

/** A refused WebSocket does not say why; a plain request does. */
async function sessionState(): Promise<Connection> {
  try {
    await call("get_overview", {});
    return "connecting";
  } catch (problem) {
    return (problem as Problem).code === "unauthorized" ? "ended" : "connecting";
  }
}

function openTerminal(run: number, size: { cols: number; rows: number }, handlers: TerminalHandlers): TerminalLink {
  const socket = new WebSocket(socketUrl(`/terminal/${run}?cols=${size.cols}&rows=${size.rows}`));
  socket.binaryType = "arraybuffer";
  const early: (string | Uint8Array<ArrayBuffer>)[] = [];
  let ours = false;

  const send = (data: string | Uint8Array<ArrayBuffer>) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(data);
    else if (socket.readyState === WebSocket.CONNECTING) early.push(data);
  };
  socket.onopen = () => {
    for (const data of early.splice(0)) socket.send(data);
  };
  socket.onmessage = (message) => deliverFrame(new Uint8Array(message.data as ArrayBuffer), handlers);
  socket.onclose = () => handlers.onClosed(ours ? null : terminalLost());

  return {
    input: (text) => send(new TextEncoder().encode(text)),
    ack: (bytes) => send(JSON.stringify({ ack: bytes })),
    resize: (cols, rows) => send(JSON.stringify({ cols, rows })),
    visible: (visible) => send(JSON.stringify({ visible })),
    close: () => {
      ours = true;
      socket.close();
    },
  };
}

function unreachable(): Problem {
  return {
    code: "unavailable",
    message: "The engine does not answer.",
    next: "Check that “flightboard serve” is still running, then try again.",
  };
}

function unreadable(status: number): Problem {
  return {
    code: status === 401 ? "unauthorized" : "internal",
    message: status === 401 ? "This session has ended." : `The engine answered with status ${status}.`,
    next: status === 401 ? "Open the address that “flightboard serve” printed." : null,
  };
}

function terminalLost(): Problem {
  return { code: "unavailable", message: "The terminal's connection was lost.", next: "It reconnects on request." };
}

function noEditor(path: string): Problem {
  return {
    code: "unavailable",
    message: "A browser cannot open folders on this machine.",
    next: `Copy the path instead: ${path}`,
  };
}
