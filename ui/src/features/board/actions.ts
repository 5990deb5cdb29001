// Everything that can be done to cards, each as one object: the menu, the keyboard and the palette all
// read this list, so they can never disagree.
import type { Card, TaskId } from "../../bindings";
import { isQueued, mayQueue, mayRun } from "../../data/moves";
import { hasLiveRun } from "../../data/words";
import type { BoardDesk } from "./desk";

export interface CardAction {
  id: string;
  label: string;
  /** How the shortcut is written for people. */
  shortcut?: string;
  /** The keys that trigger it, as in KeyboardEvent.key. */
  keys?: readonly string[];
  danger?: boolean;
  /** Where another word says better what it is for these cards. */
  labelFor?(cards: readonly Card[]): string;
  enabled(cards: readonly Card[]): boolean;
  run(desk: BoardDesk, cards: readonly Card[]): void;
}

const ids = (cards: readonly Card[]): TaskId[] => cards.map((card) => card.id);
const some = (cards: readonly Card[]) => cards.length > 0;
/** An agent at work waits for a person. */
const asks = (card: Card) => card.needs_you && hasLiveRun(card);
export const allFailed = (cards: readonly Card[]) => some(cards) && cards.every((card) => card.status === "failed");

export const CARD_ACTIONS: readonly CardAction[] = [
  {
    id: "open",
    label: "Open",
    shortcut: "Enter",
    keys: ["Enter"],
    enabled: (cards) => cards.length === 1,
    run: (desk, cards) => cards[0] && desk.open(cards[0].id),
  },
  {
    id: "run",
    label: "Run…",
    shortcut: "R",
    keys: ["r", "R"],
    enabled: (cards) => some(cards) && cards.every(mayRun),
    run: (desk, cards) => desk.run(ids(cards)),
  },
  {
    id: "answer",
    label: "Answer…",
    shortcut: "A",
    keys: ["a", "A"],
    enabled: (cards) => cards.length === 1 && cards.every(asks),
    run: (desk, cards) => cards[0] && desk.answer(cards[0].id),
  },
  {
    id: "queue",
    label: "Queue",
    shortcut: "Q",
    keys: ["q", "Q"],
    enabled: (cards) => cards.some(mayQueue) && cards.every((card) => mayQueue(card) || isQueued(card)),
    run: (desk, cards) => desk.queue(ids(cards.filter(mayQueue)), true),
  },
  {
    id: "unqueue",
    label: "Take out of the queue",
    shortcut: "U",
    keys: ["u", "U"],
    enabled: (cards) => some(cards) && cards.every(isQueued),
    run: (desk, cards) => desk.queue(ids(cards), false),
  },
  {
    id: "replay",
    label: "Replay",
    shortcut: "P",
    keys: ["p", "P"],
    enabled: allFailed,
    run: (desk, cards) => desk.move(ids(cards), "ready"),
  },
  {
    id: "stop",
    label: "Stop the agent",
    shortcut: "S",
    keys: ["s", "S"],
    enabled: (cards) => cards.some(hasLiveRun),
    run: (desk, cards) => desk.stop(ids(cards)),
  },
  {
    id: "move",
    label: "Move to…",
    shortcut: "M",
    keys: ["m", "M"],
    enabled: some,
    run: (desk, cards) => desk.askWhere(ids(cards)),
  },
  {
    id: "edit",
    label: "Change…",
    shortcut: "E",
    keys: ["e", "E"],
    enabled: some,
    run: (desk, cards) => desk.askWhat(ids(cards)),
  },
  {
    id: "done",
    label: "Mark as done",
    shortcut: "D",
    keys: ["d", "D"],
    enabled: (cards) => some(cards) && cards.every((card) => card.status !== "done"),
    run: (desk, cards) => desk.move(ids(cards), "done"),
  },
  {
    id: "trash",
    label: "Delete",
    labelFor: (cards) => (allFailed(cards) ? "Discard" : "Delete"),
    shortcut: "Del",
    keys: ["Delete", "Backspace"],
    danger: true,
    enabled: some,
    run: (desk, cards) => desk.trash(ids(cards)),
  },
];

/** About one state only: left out of lists where it cannot be done, rather than shown grey. */
export function isRare({ id }: CardAction): boolean {
  return id === "answer" || id === "unqueue" || id === "replay";
}

export function labelOf(action: CardAction, cards: readonly Card[]): string {
  return action.labelFor?.(cards) ?? action.label;
}

/** The action that the key means for these cards, if it can be done now. */
export function actionForKey(key: string, cards: readonly Card[]): CardAction | undefined {
  return CARD_ACTIONS.find((action) => action.keys?.includes(key) && action.enabled(cards));
}
