// Files that are dropped or pasted anywhere on the page, where nothing nearer has taken them; and what keeps the
// browser from opening a dropped file in the page's place where nobody wants it.
import { useEffect, useRef } from "react";

/** Events whose default was prevented, and nothing more. */
const strays = new WeakSet<Event>();

export function usePageFiles(onFiles: (files: File[]) => void): void {
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const take = (event: Event, list: FileList | undefined) => {
      const taken = event.defaultPrevented && !strays.has(event);
      if (taken || !list || list.length === 0) return;
      event.preventDefault();
      // What lies over the page has the first word, and this was not for it.
      if (document.querySelector('[role="dialog"]') === null) latest.current([...list]);
    };
    const onDragOver = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => take(event, event.dataTransfer?.files);
    const onPaste = (event: ClipboardEvent) => {
      const inTerminal = event.target instanceof Element && event.target.closest(".xterm") !== null;
      if (!inTerminal) take(event, event.clipboardData?.files);
    };
    window.addEventListener("dragover", onDragOver);
    window.addEventListener("drop", onDrop);
    window.addEventListener("paste", onPaste);
    return () => {
      window.removeEventListener("dragover", onDragOver);
      window.removeEventListener("drop", onDrop);
      window.removeEventListener("paste", onPaste);
    };
  }, []);
}

/** For the whole window, once. */
export function useNoStrayFiles(): void {
  useEffect(() => {
    const prevent = (event: DragEvent) => {
      if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      strays.add(event);
    };
    window.addEventListener("dragover", prevent);
    window.addEventListener("drop", prevent);
    return () => {
      window.removeEventListener("dragover", prevent);
      window.removeEventListener("drop", prevent);
    };
  }, []);
}
