// Which card the keyboard is on and which ones are chosen together. Kept outside React so that moving
// from card to card redraws two cards, not the board.
import { createContext, useCallback, useContext, useSyncExternalStore } from "react";
import type { TaskId } from "../../bindings";

export class Selection {
  private now: TaskId | null = null;
  private picked: ReadonlySet<TaskId> = new Set();
  private wanted: TaskId | null = null;
  private readonly listeners = new Set<() => void>();

  current(): TaskId | null {
    return this.now;
  }

  chosen(): ReadonlySet<TaskId> {
    return this.picked;
  }

  /** What an action is about: the chosen cards, or else the one under the keyboard. */
  subjects(): TaskId[] {
    if (this.picked.size > 0) return [...this.picked];
    return this.now === null ? [] : [this.now];
  }

  /** The card has the focus already. */
  arrive(id: TaskId): void {
    if (this.now === id) return;
    this.now = id;
    this.tell();
  }

  /** Asks for the focus; the card takes it as soon as it is on the screen. */
  goTo(id: TaskId): void {
    this.now = id;
    this.wanted = id;
    this.tell();
  }

  /** True once, for the card that the focus was asked for. */
  takeFocus(id: TaskId): boolean {
    if (this.wanted !== id) return false;
    this.wanted = null;
    return true;
  }

  wantedFocus(): TaskId | null {
    return this.wanted;
  }

  toggle(id: TaskId): void {
    const next = new Set(this.picked);
    if (!next.delete(id)) next.add(id);
    this.picked = next;
    this.now = id;
    this.tell();
  }

  /** Chooses everything from the current card to this one, if both are in the column. */
  extend(id: TaskId, column: readonly TaskId[]): void {
    const from = this.now === null ? -1 : column.indexOf(this.now);
    const to = column.indexOf(id);
    const range = from < 0 || to < 0 ? [id] : column.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.picked = new Set([...this.picked, ...range]);
    this.tell();
  }

  clear(): void {
    if (this.picked.size === 0) return;
    this.picked = new Set();
    this.tell();
  }

  listen = (heard: () => void): (() => void) => {
    this.listeners.add(heard);
    return () => this.listeners.delete(heard);
  };

  private tell(): void {
    for (const heard of [...this.listeners]) heard();
  }
}

export const SelectionContext = createContext<Selection | null>(null);

export function useSelection(): Selection {
  const selection = useContext(SelectionContext);
  if (selection === null) throw new Error("A card needs a BoardDesk above it.");
  return selection;
}

export function useIsChosen(id: TaskId): boolean {
  const selection = useSelection();
  return useSyncExternalStore(
    selection.listen,
    useCallback(() => selection.chosen().has(id), [selection, id]),
  );
}

export function useChosenCount(): number {
  const selection = useSelection();
  return useSyncExternalStore(selection.listen, () => selection.chosen().size);
}

/** The one card of the column that Tab stops at. */
export function useTabStop(ids: readonly TaskId[]): TaskId | null {
  const selection = useSelection();
  return useSyncExternalStore(
    selection.listen,
    useCallback(() => {
      const current = selection.current();
      return current !== null && ids.includes(current) ? current : (ids[0] ?? null);
    }, [selection, ids]),
  );
}

export function useWantedFocus(): TaskId | null {
  const selection = useSelection();
  return useSyncExternalStore(selection.listen, () => selection.wantedFocus());
}

/** Whether the focus is being asked of this very card. */
export function useIsWanted(id: TaskId): boolean {
  const selection = useSelection();
  return useSyncExternalStore(
    selection.listen,
    useCallback(() => selection.wantedFocus() === id, [selection, id]),
  );
}
