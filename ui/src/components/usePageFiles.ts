// Files that are dropped or pasted anywhere on the page, where nothing nearer has taken them. Whoever listens,
// the browser is kept from opening a dropped file in the page's place.
import { useEffect, useRef } from "react";

export function usePageFiles(onFiles: (files: File[]) => void): void {
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const take = (event: Event, list: FileList | undefined) => {
      if (event.defaultPrevented || !list || list.length === 0) return;
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
