// Keys that work anywhere, unless somebody is typing, a terminal has the focus or a dialog is open.
import { useEffect, useRef } from "react";

/** By key, with `mod+` for Ctrl (Command on a Mac). */
export type KeyMap = Record<string, () => unknown>;

export function useWindowKeys(keys: KeyMap): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.altKey) return;
      const mod = event.ctrlKey || event.metaKey;
      // The palette opens from everywhere but a terminal, where Ctrl K belongs to the agent.
      const always = mod && event.key === "k" && !isTerminal(event.target);
      if (!always && (isTyping(event.target) || document.querySelector('[role="dialog"], [role="menu"]'))) return;
      const effect = latest.current[mod ? `mod+${event.key.toLowerCase()}` : event.key];
      if (!effect) return;
      event.preventDefault();
      effect();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input, textarea, select") || isTerminal(target);
}

function isTerminal(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(".xterm") !== null;
}
