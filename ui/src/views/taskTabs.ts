// The task page's tabs and the small figures beside their names.
import type { Card, Run, TaskDetail } from "../bindings";
import { sizeWords } from "../components/size";
import type { Tab } from "../components/Tabs";
import type { Live } from "../data/cards";
import { newestWork } from "../data/words";

export const TAB_IDS = ["terminal", "log", "changes", "artifacts", "timeline", "runs", "queue"] as const;
export type TabId = (typeof TAB_IDS)[number];

export function isTab(text: string | undefined): text is TabId {
  return (TAB_IDS as readonly (string | undefined)[]).includes(text);
}

export function tabsOf(task: TaskDetail, card: Card, run: Run | null, live: Live | undefined): Tab<TabId>[] {
  return [
    { id: "terminal", label: "Terminal" },
    { id: "log", label: "Log", note: logNote(run, live) },
    { id: "changes", label: "Changes", note: changesNote(card, run, newestWork(task.runs)) },
    { id: "artifacts", label: "Artifacts", note: some(task.artifacts.length) },
    { id: "timeline", label: "Timeline" },
    { id: "runs", label: "Runs", note: some(task.runs.length) },
    { id: "queue", label: "Queue", note: queueNote(task, card) },
  ];
}

function logNote(run: Run | null, live: Live | undefined): string | undefined {
  if (run === null) return undefined;
  const bytes = Math.max(run.output_bytes, live?.run === run.id ? live.outputBytes : 0);
  return bytes > 0 ? sizeWords(bytes) : undefined;
}

/** The card counts the newest run's changes only. */
function changesNote(card: Card, run: Run | null, newest: Run | null): string | undefined {
  if (run?.id !== newest?.id || !card.changes || card.changes.files === 0) return undefined;
  const { files, added, removed } = card.changes;
  return `${files} ${files === 1 ? "file" : "files"} +${added} −${removed}`;
}

function queueNote({ queue }: TaskDetail, card: Card): string | undefined {
  if (card.status === "review" && queue.gate.length > 0) return "gate";
  return card.queued && card.status === "ready" ? "queued" : undefined;
}

function some(count: number): string | undefined {
  return count > 0 ? String(count) : undefined;
}
