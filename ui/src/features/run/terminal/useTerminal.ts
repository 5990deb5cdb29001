// The session of one run as React sees it: made when the pane appears, gone when it goes, with what
// it reported as state. The font is waited for, because a cell measured in another font is wrong.
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { Backend, Exited } from "../../../backend/backend";
import type { Problem, RunId, Size } from "../../../bindings";
import { type Question, TerminalSession } from "./session";
import { onThemeChange, terminalFont } from "./theme";

export interface TerminalState {
  drawn: boolean;
  exited: Exited | null;
  earlier: number;
  lost: Problem | null;
  question: Question | null;
  finding: boolean;
  found: { index: number; count: number };
  size: Size | null;
}

const FRESH: TerminalState = {
  drawn: false,
  exited: null,
  earlier: 0,
  lost: null,
  question: null,
  finding: false,
  found: { index: -1, count: 0 },
  size: null,
};

export interface TerminalOptions {
  backend: Backend;
  run: RunId;
  shown: boolean;
  screenReader: boolean;
  onLeave(): void;
}

export function useTerminal(host: RefObject<HTMLDivElement | null>, options: TerminalOptions) {
  const { backend, run, shown, screenReader, onLeave } = options;
  const [state, setState] = useState<TerminalState>(FRESH);
  const session = useRef<TerminalSession | null>(null);
  const wanted = useRef({ shown, screenReader, onLeave });
  wanted.current = { shown, screenReader, onLeave };
  const patch = useCallback((change: Partial<TerminalState>) => setState((old) => ({ ...old, ...change })), []);

  useEffect(() => {
    let gone = false;
    let stopTheme = () => {};
    setState(FRESH);
    void fontReady().then(() => {
      if (gone || !host.current) return;
      const made = new TerminalSession(
        host.current,
        run,
        (size, handlers) => backend.openTerminal(run, size, handlers),
        {
          onDrawn: () => patch({ drawn: true }),
          onExited: (exited) => patch({ exited }),
          onEarlier: (earlier) => patch({ earlier }),
          onClosed: (lost) => patch({ lost }),
          onQuestion: (question) => patch({ question }),
          onFind: () => patch({ finding: true }),
          onFound: (index, count) => patch({ found: { index, count } }),
          onSize: (size) => patch({ size }),
          onLeave: () => wanted.current.onLeave(),
        },
        { screenReader: wanted.current.screenReader },
      );
      session.current = made;
      made.setShown(wanted.current.shown);
      stopTheme = onThemeChange(() => made.retheme());
    });
    return () => {
      gone = true;
      stopTheme();
      session.current?.dispose();
      session.current = null;
    };
  }, [host, backend, run, patch]);

  useEffect(() => session.current?.setShown(shown), [shown]);
  useEffect(() => session.current?.setScreenReader(screenReader), [screenReader]);

  const reconnect = useCallback(() => {
    patch({ lost: null, drawn: false });
    session.current?.connect();
  }, [patch]);
  return { state, patch, session, reconnect };
}

/** The terminal's font, or whatever there is after its file failed to load. */
async function fontReady(): Promise<void> {
  if (!document.fonts) return;
  const family = terminalFont();
  await Promise.allSettled([document.fonts.load(`400 13px ${family}`), document.fonts.load(`600 13px ${family}`)]);
}
