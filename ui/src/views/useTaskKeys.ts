// The task page's keys: 1 to 7 for its tabs, A for the answer to its agent, Escape back to the board. Keys typed into a field, the
// terminal or an open dialog or menu belong there.
import { useEffect, useRef } from "react";

export interface TaskKeys {
  /** 0-based. */
  onTab(at: number): void;
  onBack(): void;
  /** To where the agent's question is answered, if it asks. */
  onAnswer(): void;
}

const THEIRS =
  'input, textarea, select, [contenteditable="true"], [role="dialog"], [role="alertdialog"], [role="menu"]';

export function useTaskKeys(keys: TaskKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
      if ((event.target as Element | null)?.closest?.(THEIRS) || document.querySelector('[role="dialog"]')) return;
      if (event.key === "Escape") latest.current.onBack();
      else if (event.key === "a" || event.key === "A") latest.current.onAnswer();
      else if (/^[1-7]$/.test(event.key)) latest.current.onTab(Number(event.key) - 1);
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
