// What the interface asks of the outside world. The window, the browser and the tests each bring
// their own: tauri.ts, http.ts, fake.ts. Nothing else in the interface knows which one it has.
import type {
  ArtifactId,
  AttachmentId,
  commands,
  Event,
  Fetched,
  NewVersion,
  Problem,
  ProblemCode,
  RunId,
  Shown,
  Size,
} from "../bindings";

/** Every operation by name. Doors that need a list (HTTP, the tests) take it from here. */
export const OPERATIONS = [
  "getOverview",
  "getBoard",
  "getCards",
  "addTask",
  "editTask",
  "moveTask",
  "trashTask",
  "restoreTask",
  "deleteTask",
  "emptyTrash",
  "getTask",
  "findTask",
  "getTimeline",
  "addComment",
  "setParent",
  "addAttachment",
  "removeAttachment",
  "restoreAttachment",
  "readAttachment",
  "listFilters",
  "putFilter",
  "removeFilter",
  "startRun",
  "startNext",
  "stopRun",
  "getRun",
  "sendInput",
  "readLog",
  "readLines",
  "searchLog",
  "getChanges",
  "getDiff",
  "removeWorkspace",
  "restoreWorkspace",
  "readArtifact",
  "addProject",
  "editProject",
  "removeProject",
  "addRepository",
  "editRepository",
  "removeRepository",
  "listProjects",
  "findRepositories",
  "listAgents",
  "listRoles",
  "registerAgent",
  "removeAgent",
  "tryAgent",
  "doctor",
  "getSettings",
  "putSettings",
  "listSchedules",
  "previewSchedule",
  "putSchedule",
  "pauseSchedule",
  "resumeSchedule",
  "removeSchedule",
  "restoreSchedule",
  "runSchedule",
  "queueTask",
  "addDependency",
  "removeDependency",
  "getPlan",
  "getQueuePolicy",
  "putQueuePolicy",
  "resetBreaker",
  "resumeWorkflow",
  "reviewTask",
  "createKey",
  "listKeys",
  "revokeKey",
  "addWebhook",
  "editWebhook",
  "removeWebhook",
  "listWebhooks",
  "testWebhook",
  "listDeliveries",
  "resendDelivery",
  "syncGithub",
  "getGithub",
  "exportRecords",
  "importRecords",
  "readVibeKanban",
] as const;

export type OperationName = (typeof OPERATIONS)[number];
export type Operations = Pick<typeof commands, OperationName>;

/** `ended`: the session is over and only a new login helps. */
export type Connection = "connected" | "connecting" | "ended";

export interface Listener {
  onEvent(event: Event): void;
  onConnection(state: Connection): void;
}

export interface Exited {
  code: number | null;
  signal: number | null;
  ended_at: number;
}

/** One viewer's half of a terminal. Bytes arrive as the agent wrote them. */
export interface TerminalHandlers {
  /** Acknowledge with `ack(bytes.length)` once the terminal has drawn them. */
  onOutput(bytes: Uint8Array): void;
  /** Clear the terminal, then draw this snapshot; acknowledged like output. */
  onReset(bytes: Uint8Array): void;
  onSize(cols: number, rows: number): void;
  onExited(exit: Exited): void;
  /** Offset of the first byte that was replayed; 0 means that everything is here. */
  onEarlier(offset: number): void;
  /** The link is gone. `problem` says why, unless we closed it ourselves. */
  onClosed(problem: Problem | null): void;
}

export interface TerminalLink {
  input(text: string): void;
  ack(bytes: number): void;
  resize(cols: number, rows: number): void;
  visible(visible: boolean): void;
  close(): void;
}

export interface Backend extends Operations {
  readonly kind: "window" | "web" | "fake";
  /** Whether folders can be picked and opened from here; false in a browser. */
  readonly canOpen: boolean;
  subscribe(listener: Listener): () => void;
  /** Hears what links and the desktop's tray ask the page to show; in a browser nothing does. */
  followLinks(heard: (shown: Shown) => void): () => void;
  /** Whether the system starts the window when the person logs in; null where there is no window. */
  startsAtLogin(): Promise<boolean | null>;
  startAtLogin(on: boolean): Promise<boolean>;
  /** The host that announces new versions of the window; null where there is no window, or none that its build knows. */
  updateSource(): Promise<string | null>;
  lookForUpdate(): Promise<NewVersion | null>;
  /** Downloads that version, puts it in place and starts it: the window goes. */
  installUpdate(version: string, onFetched: (fetched: Fetched) => void): Promise<void>;
  openTerminal(run: RunId, size: Size, handlers: TerminalHandlers): TerminalLink;
  pickFolder(): Promise<string | null>;
  pickFile(): Promise<string | null>;
  /** Asks where to and writes the whole board there; null as with the next ones. */
  saveBoard(): Promise<string | null>;
  /** Asks where to and saves a copy there; null if the person changed their mind, or where nothing can be asked. */
  saveArtifact(id: ArtifactId): Promise<string | null>;
  /** The same for a file that a person added to a card. */
  saveAttachment(id: AttachmentId): Promise<string | null>;
  /** Opens a folder or file with the person's editor or file manager. */
  openPath(path: string): Promise<void>;
  openUrl(url: string): Promise<void>;
}

const CODES: readonly ProblemCode[] = ["invalid", "not_found", "conflict", "unavailable", "unauthorized", "internal"];

/** Whatever was thrown, as the one error shape that screens know how to show. */
export function asProblem(thrown: unknown): Problem {
  if (isProblem(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "internal", message: message || "Something went wrong.", next: null };
}

function isProblem(thrown: unknown): thrown is Problem {
  return (
    typeof thrown === "object" &&
    thrown !== null &&
    "code" in thrown &&
    "message" in thrown &&
    CODES.includes(thrown.code as ProblemCode)
  );
}

const SAFE_SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** The link if it is one that we let out of the window, else null. */
export function safeUrl(url: string): string | null {
  try {
    const parsed = new URL(url);
    return SAFE_SCHEMES.has(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

export function refuseUrl(url: string): Problem {
  return {
    code: "invalid",
    message: `“${url}” is not a link that may be opened.`,
    next: "Only http, https and mailto.",
  };
}
