// The keys as the help shows them. Card actions bring their own.
import { CARD_ACTIONS } from "../features/board/actions";
import type { Shortcut } from "../features/chrome/ShortcutsDialog";

export const SHORTCUTS: { name: string; shortcuts: Shortcut[] }[] = [
  {
    name: "Everywhere",
    shortcuts: [
      { keys: ["Ctrl K"], what: "Commands and cards" },
      { keys: ["C"], what: "New card" },
      { keys: ["/"], what: "Search" },
      { keys: ["F"], what: "Filter the board" },
      { keys: ["N"], what: "Next card that needs you" },
      { keys: ["B"], what: "To the board" },
      { keys: ["Ctrl Z"], what: "Undo the last change" },
      { keys: ["?"], what: "This list" },
      { keys: ["Esc"], what: "Close" },
    ],
  },
  {
    name: "On a card",
    shortcuts: CARD_ACTIONS.map(({ label, shortcut }) => ({ what: label, keys: shortcut ? [shortcut] : [] })),
  },
  {
    name: "On the board",
    shortcuts: [
      { keys: ["←", "→", "↑", "↓"], what: "From card to card" },
      { keys: ["Space"], what: "Lift a card, put it down" },
      { keys: ["X"], what: "Choose or leave a card" },
      { keys: ["Shift ↑", "Shift ↓"], what: "Choose several" },
    ],
  },
  {
    name: "On a card’s page",
    shortcuts: [
      { keys: ["1", "…", "7"], what: "Tabs" },
      { keys: ["A"], what: "Answer the agent" },
      { keys: ["Ctrl F"], what: "Find in the terminal or the log" },
      { keys: ["Ctrl Shift C"], what: "Copy from the terminal" },
      { keys: ["Shift Esc"], what: "Leave the terminal" },
      { keys: ["Ctrl ↵"], what: "Send the message" },
      { keys: ["Esc"], what: "Back to the board" },
    ],
  },
];
