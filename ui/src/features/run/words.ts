// Runs in words: how one ended, how long it took, and the dim line above its terminal.
import type { Run, Size } from "../../bindings";
import { runWord } from "../../data/words";

const SIGNALS: Record<number, string> = {
  1: "hang-up",
  2: "interrupt",
  3: "quit",
  6: "abort",
  9: "kill",
  11: "segmentation fault",
  13: "broken pipe",
  15: "terminate",
};

/** “exited 0”, “ended by signal 9 (kill)”. */
export function exitWords(exit: { code: number | null; signal: number | null }): string {
  if (exit.signal !== null) {
    const name = SIGNALS[exit.signal];
    return name ? `ended by signal ${exit.signal} (${name})` : `ended by signal ${exit.signal}`;
  }
  return exit.code === null ? "ended, exit code unknown" : `exited ${exit.code}`;
}

/** A duration as a person would say it: 4 s, 12 min, 3 h 05 min. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function clockTime(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes()].map((n) => String(n).padStart(2, "0")).join(":");
}

export function agentWords(run: Run): string {
  return [run.agent, run.agent_version].filter(Boolean).join(" ");
}

/** “claude 2.1.329 · run 2 of 2 · session 7f3c · 80×24” */
export function runLine(run: Run, of: number, size: Size | null): string {
  return [
    agentWords(run),
    run.model,
    `run ${run.attempt} of ${Math.max(of, run.attempt)}`,
    run.session && `session ${shortSession(run.session)}`,
    run.mode === "unattended" ? "unattended" : null,
    size && `${size.cols}×${size.rows}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Enough of a session's id to tell it from its neighbours. */
export function shortSession(session: string): string {
  return session.length > 12 ? session.slice(0, 8) : session;
}

/** One sentence on a run for lists and for the ear. */
export function runSentence(run: Run): string {
  return `Run ${run.attempt}, ${agentWords(run)}, ${runWord(run.status).word}`;
}
