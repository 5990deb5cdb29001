// The Terminal tab: the run's own screen with its bars (what is running, find, a question for the
// person, how it ended). The terminal itself is in session.ts.
import { useEffect, useRef, useState } from "react";
import type { Run } from "../../../bindings";
import { IconButton } from "../../../components/Button";
import { classes } from "../../../components/css";
import { CopyIcon, SearchIcon } from "../../../components/icons";
import { Skeleton } from "../../../components/States";
import { toast } from "../../../components/Toast";
import { useBackend, useConnection } from "../../../data/context";
import { isLive } from "../../../data/words";
import { runLine } from "../words";
import { Exit, Lost } from "./Ending";
import { FindBar } from "./FindBar";
import { QuestionBar } from "./QuestionBar";
import styles from "./Terminal.module.css";
import { usePageShown } from "./usePageShown";
import { useTerminal } from "./useTerminal";
import "@xterm/xterm/css/xterm.css";

export interface TerminalPaneProps {
  run: Run;
  /** Attempts so far, for “run 2 of 2”. */
  of: number;
  /** False while another tab covers it. */
  shown: boolean;
  /** Each new number puts the keyboard into the terminal. */
  focus: number;
  onOpenLog(): void;
  /** Shift+Esc: the keyboard goes back to the page. */
  onLeave(): void;
}

export default function TerminalPane({ run, of, shown, focus, onOpenLog, onLeave }: TerminalPaneProps) {
  const backend = useBackend();
  const connection = useConnection();
  const host = useRef<HTMLDivElement>(null);
  const pageShown = usePageShown();
  const [screenReader, setScreenReader] = useState(readScreenReader);
  const { state, patch, session, reconnect } = useTerminal(host, {
    backend,
    run: run.id,
    shown: shown && pageShown,
    screenReader,
    onLeave,
  });

  useEffect(() => {
    if (focus > 0 && state.drawn) session.current?.focus();
  }, [focus, state.drawn, session]);

  // The engine came back: so does the terminal, without being asked.
  useEffect(() => {
    if (connection === "connected" && state.lost) reconnect();
  }, [connection, state.lost, reconnect]);

  useEffect(() => {
    if (!shown) return;
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "f") return;
      event.preventDefault();
      patch({ finding: true });
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [shown, patch]);

  const copy = async () => {
    const text = session.current?.selection() ?? "";
    if (text === "") {
      toast({ text: "Nothing is selected in the terminal.", next: "Drag over text, then copy." });
      return;
    }
    await navigator.clipboard.writeText(text).then(
      () => toast({ text: "Copied." }),
      () => toast({ text: "The clipboard could not be written.", tone: "bad" }),
    );
  };

  const ended = state.exited ?? (isLive(run.status) ? null : endOf(run));
  return (
    <section className={styles.pane} aria-label="Terminal">
      <div className={styles.strip}>
        <span className={styles.meta}>{runLine(run, of, state.size)}</span>
        {state.earlier > 0 && (
          <button type="button" className={styles.link} onClick={onOpenLog}>
            earlier output is in the Log tab
          </button>
        )}
        <span className={styles.tools}>
          <span className={styles.hint}>Shift+Esc leaves</span>
          <IconButton
            label={screenReader ? "Screen reader mode is on" : "Screen reader mode is off"}
            size="small"
            aria-pressed={screenReader}
            className={classes(styles.toggle, screenReader && styles.on)}
            onClick={() => setScreenReader(keepScreenReader(!screenReader))}
          >
            Aa
          </IconButton>
          <IconButton label="Copy selection (Ctrl+Shift+C)" size="small" onClick={() => void copy()}>
            <CopyIcon />
          </IconButton>
          <IconButton label="Find (Ctrl+F)" size="small" onClick={() => patch({ finding: true })}>
            <SearchIcon />
          </IconButton>
        </span>
      </div>
      {state.finding && (
        <FindBar
          found={state.found}
          onFind={(text, direction, typing) => session.current?.find(text, direction, typing)}
          onClose={() => {
            patch({ finding: false });
            session.current?.stopFinding();
            session.current?.focus();
          }}
        />
      )}
      {state.question && (
        <QuestionBar
          question={state.question}
          agent={run.agent}
          onPaste={(paste) => session.current?.pasteNow(paste)}
          onDone={() => {
            patch({ question: null });
            session.current?.focus();
          }}
        />
      )}
      <div className={styles.screen}>
        {!state.drawn && !state.lost && (
          <div className={styles.waiting}>
            <Skeleton lines={3} label="Opening the terminal" />
          </div>
        )}
        <div ref={host} className={styles.host} data-testid="terminal" data-run={run.id} />
      </div>
      {state.lost && !ended && <Lost problem={state.lost} onReconnect={reconnect} />}
      {ended && <Exit exit={ended} run={run} />}
    </section>
  );
}

function endOf(run: Run) {
  return run.ended_at === null ? null : { code: run.exit_code, signal: run.signal, ended_at: run.ended_at };
}

const SCREEN_READER = "flightboard.terminal.screenReader";

function readScreenReader(): boolean {
  return localStorage.getItem(SCREEN_READER) === "on";
}

function keepScreenReader(on: boolean): boolean {
  localStorage.setItem(SCREEN_READER, on ? "on" : "off");
  return on;
}
