// Whether the window or browser tab is in view: a terminal nobody sees is not fed.
import { useSyncExternalStore } from "react";

function listen(changed: () => void): () => void {
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}

export function usePageShown(): boolean {
  return useSyncExternalStore(listen, () => document.visibilityState !== "hidden");
}
