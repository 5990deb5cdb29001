// Leaves a mark in the page's own timeline when the cards can first be seen and used: what it takes to open the
// board is measured in the real window, from outside.

export function markPainted(): void {
  // A frame's callback runs before its paint, a task queued there after it.
  requestAnimationFrame(() => setTimeout(() => performance.mark?.("board")));
}
