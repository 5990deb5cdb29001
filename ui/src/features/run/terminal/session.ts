// One viewer of one run: joins an xterm to the backend's terminal link and applies the rules of the
// neighbouring files (flow control, who answers queries, what may be pasted, opened or copied).
// It owns no React state; the pane listens through `SessionEvents`.
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import type { Exited, TerminalHandlers, TerminalLink } from "../../../backend/backend";
import type { Problem, Size } from "../../../bindings";
import { AnsweringViewer, openClaimChannel } from "./answering";
import { isEnginesAnswer, isTerminalAnswer } from "./answers";
import { clipboardRequest } from "./clipboard";
import { TerminalFeed } from "./feed";
import { type LinkTarget, linkTarget } from "./links";
import { cleanPaste, needsQuestion, type Paste } from "./paste";
import { searchColours, terminalFont, terminalTheme } from "./theme";

/** Something that only a person may decide. */
export type Question =
  | { kind: "link"; target: LinkTarget }
  | { kind: "refused-link"; text: string }
  | { kind: "clipboard"; text: string }
  | { kind: "paste"; paste: Paste };

export interface SessionEvents {
  onExited(exit: Exited): void;
  /** Output before this offset is only in the log. */
  onEarlier(offset: number): void;
  onClosed(problem: Problem): void;
  /** The first bytes of a connection have been drawn. */
  onDrawn(): void;
  onQuestion(question: Question): void;
  onFind(): void;
  onFound(index: number, count: number): void;
  onSize(size: Size): void;
  /** The person asks for the keyboard back. */
  onLeave(): void;
}

export type OpenLink = (size: Size, handlers: TerminalHandlers) => TerminalLink;

const SCROLLBACK = 10_000;
const FONT_SIZE = 12.5;
const RESIZE_QUIET_MS = 100;
const MIN_SIZE: Size = { cols: 20, rows: 4 };

export class TerminalSession {
  private readonly terminal: Terminal;
  private readonly fit = new FitAddon();
  private readonly search = new SearchAddon();
  private readonly answering: AnsweringViewer;
  private readonly undo: (() => void)[] = [];
  private link: TerminalLink | null = null;
  private feed: TerminalFeed | null = null;
  private shown = true;
  private ended = false;
  private drawn = false;
  private resizing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: HTMLElement,
    run: number,
    private readonly open: OpenLink,
    private readonly events: SessionEvents,
    options: { screenReader: boolean },
  ) {
    this.terminal = new Terminal({
      allowProposedApi: true, // search decorations and unicode versions
      scrollback: SCROLLBACK,
      fontFamily: terminalFont(),
      fontSize: FONT_SIZE,
      lineHeight: 1.1,
      fontWeightBold: 600,
      minimumContrastRatio: 4.5, // agents choose colours for a dark ground
      theme: terminalTheme(),
      screenReaderMode: options.screenReader,
      macOptionClickForcesSelection: true,
      rightClickSelectsWord: false,
      linkHandler: { activate: (_, text) => this.askToOpen(text), allowNonHttpProtocols: true },
    });
    this.terminal.loadAddon(this.fit);
    this.terminal.loadAddon(this.search);
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.loadAddon(new WebLinksAddon((_, text) => this.askToOpen(text)));
    this.terminal.unicode.activeVersion = "11";
    this.answering = new AnsweringViewer(run, viewerName(), openClaimChannel());
    this.terminal.open(host);
    this.obey();
    this.connect();
  }

  /** Opens the link, again after it was lost: the server then sends the whole screen once more. */
  connect(): void {
    this.link?.close();
    this.drawn = false;
    const size = this.fitted() ?? { cols: this.terminal.cols, rows: this.terminal.rows };
    this.terminal.resize(size.cols, size.rows);
    this.events.onSize(size);
    const link = this.open(
      size,
      this.handlers(() => this.link === link),
    );
    this.link = link;
    this.feed = new TerminalFeed(this.terminal, (bytes) => link.ack(bytes));
    if (!this.shown) link.visible(false);
  }

  focus(): void {
    this.terminal.focus();
  }

  /** A hidden terminal is not fed; the server sends the screen again when it returns. */
  setShown(shown: boolean): void {
    if (shown === this.shown) return;
    this.shown = shown;
    if (shown) {
      this.claimSize();
      this.answering.claim();
    }
    this.link?.visible(shown);
  }

  retheme(): void {
    this.terminal.options.theme = terminalTheme();
    this.terminal.options.fontFamily = terminalFont();
  }

  setScreenReader(on: boolean): void {
    this.terminal.options.screenReaderMode = on;
  }

  find(text: string, direction: "next" | "previous", incremental = false): void {
    if (text === "") {
      this.stopFinding();
      return;
    }
    const options = { decorations: searchColours(), incremental };
    if (direction === "next") this.search.findNext(text, options);
    else this.search.findPrevious(text, options);
  }

  stopFinding(): void {
    this.search.clearDecorations();
    this.terminal.clearSelection();
    this.events.onFound(-1, 0);
  }

  selection(): string {
    return this.terminal.getSelection();
  }

  selectAll(): void {
    this.terminal.selectAll();
  }

  /** From the clipboard or a drop; asks first where lines would run as commands. */
  paste(raw: string): void {
    if (this.ended || raw === "") return;
    const paste = cleanPaste(raw);
    if (needsQuestion(paste, this.terminal.modes.bracketedPasteMode)) this.events.onQuestion({ kind: "paste", paste });
    else this.pasteNow(paste);
  }

  pasteNow(paste: Paste): void {
    this.terminal.paste(paste.text);
    this.terminal.focus();
  }

  dispose(): void {
    clearTimeout(this.resizing);
    const link = this.link;
    this.link = null;
    link?.close();
    this.answering.close();
    for (const undo of this.undo.splice(0)) undo();
    this.terminal.dispose();
  }

  // ---------------------------------------------------------------- from the server

  private handlers(current: () => boolean): TerminalHandlers {
    const ifCurrent =
      <A extends unknown[]>(act: (...args: A) => void) =>
      (...args: A) => {
        if (current()) act(...args);
      };
    return {
      onOutput: ifCurrent((bytes) => {
        this.feed?.output(bytes);
        this.tellDrawn();
      }),
      onReset: ifCurrent((bytes) => {
        this.feed?.reset(bytes);
        this.tellDrawn();
      }),
      onSize: ifCurrent((cols, rows) => this.takeSize({ cols, rows })),
      onExited: ifCurrent((exit) => {
        this.ended = true;
        this.terminal.options.disableStdin = true;
        this.terminal.options.cursorBlink = false;
        this.events.onExited(exit);
      }),
      onEarlier: ifCurrent((offset) => this.events.onEarlier(offset)),
      onClosed: ifCurrent((problem) => {
        if (problem && !this.ended) this.events.onClosed(problem);
      }),
    };
  }

  private tellDrawn(): void {
    if (this.drawn) return;
    this.drawn = true;
    this.terminal.write("", () => {
      // An ended run keeps its width, so that its screen stays as it was; only the height is ours.
      const room = this.fitted();
      if (this.ended && room) this.terminal.resize(this.terminal.cols, room.rows);
      this.events.onDrawn();
    });
  }

  /** The size belongs to the viewer that has the focus; the others show what it decided. */
  private takeSize(size: Size): void {
    if (this.deciding()) return;
    this.terminal.resize(size.cols, size.rows);
    this.events.onSize(size);
  }

  private deciding(): boolean {
    return this.shown && !this.ended && document.hasFocus();
  }

  // ---------------------------------------------------------------- to the server

  private obey(): void {
    const { terminal, host } = this;
    terminal.attachCustomKeyEventHandler((event) => this.takesKey(event));
    terminal.parser.registerOscHandler(52, (data) => this.takeClipboardRequest(data));
    const data = terminal.onData((text) => this.type(text));
    const found = this.search.onDidChangeResults(({ resultIndex, resultCount }) =>
      this.events.onFound(resultIndex, resultCount),
    );
    const observer = new ResizeObserver(() => this.claimSizeSoon());
    observer.observe(host);
    const pasted = (event: ClipboardEvent) => {
      event.preventDefault();
      event.stopPropagation();
      this.paste(event.clipboardData?.getData("text/plain") ?? "");
    };
    host.addEventListener("paste", pasted, { capture: true });
    const focused = () => {
      this.answering.claim();
      this.claimSize();
    };
    window.addEventListener("focus", focused);
    this.undo.push(
      () => data.dispose(),
      () => found.dispose(),
      () => observer.disconnect(),
      () => host.removeEventListener("paste", pasted, { capture: true }),
      () => window.removeEventListener("focus", focused),
    );
  }

  private type(text: string): void {
    if (this.ended) return;
    const unasked = this.feed?.replaying || !this.answering.answers;
    if (isEnginesAnswer(text) || (unasked && isTerminalAnswer(text))) return;
    this.link?.input(text);
  }

  private takeClipboardRequest(data: string): boolean {
    const request = clipboardRequest(data);
    if (request.kind === "write" && !this.feed?.replaying) {
      this.events.onQuestion({ kind: "clipboard", text: request.text });
    }
    return true;
  }

  private askToOpen(text: string): void {
    const target = linkTarget(text);
    this.events.onQuestion(target ? { kind: "link", target } : { kind: "refused-link", text });
  }

  /** False takes the key away from the agent. */
  private takesKey(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || event.altKey) return true;
    const key = event.key.toLowerCase();
    // Tab and Escape belong to the agent, so the keyboard needs another way out.
    if (event.shiftKey && key === "escape") {
      event.preventDefault();
      this.events.onLeave();
      return false;
    }
    const command = event.ctrlKey || event.metaKey;
    if (command && key === "f") {
      event.preventDefault();
      this.events.onFind();
      return false;
    }
    if (event.ctrlKey && event.shiftKey && key === "c") {
      event.preventDefault();
      void this.copySelection();
      return false;
    }
    // Left to the browser, which answers with a paste event; xterm would send the key.
    if (event.ctrlKey && event.shiftKey && key === "v") return false;
    return true;
  }

  async copySelection(): Promise<void> {
    const text = this.selection();
    if (text) await navigator.clipboard.writeText(text);
  }

  // ---------------------------------------------------------------- size

  private claimSizeSoon(): void {
    clearTimeout(this.resizing);
    this.resizing = setTimeout(() => this.claimSize(), RESIZE_QUIET_MS);
  }

  private claimSize(): void {
    if (!this.shown) return;
    const size = this.fitted();
    if (!size) return;
    if (this.ended) {
      this.terminal.resize(this.terminal.cols, size.rows);
      return;
    }
    if (size.cols === this.terminal.cols && size.rows === this.terminal.rows) return;
    this.terminal.resize(size.cols, size.rows);
    this.link?.resize(size.cols, size.rows);
    this.events.onSize(size);
  }

  /** What fits the host now; undefined while it is hidden and has no extent. */
  private fitted(): Size | undefined {
    if (this.host.offsetWidth === 0) return undefined;
    const room = this.fit.proposeDimensions();
    if (!room || Number.isNaN(room.cols) || Number.isNaN(room.rows)) return undefined;
    return { cols: Math.max(MIN_SIZE.cols, room.cols), rows: Math.max(MIN_SIZE.rows, room.rows) };
  }
}

/** Unlike those of the same person's other tabs; not a secret. */
function viewerName(): string {
  return `${performance.timeOrigin}-${Math.random()}`;
}
