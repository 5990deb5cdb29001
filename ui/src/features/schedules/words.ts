// What the schedules page calls things: policies in plain words, and where a card stands.
import type { Misfire, Overlap, Status } from "../../bindings";

export const STATUS_WORDS: Record<Status, string> = {
  inbox: "in the inbox",
  ready: "ready",
  in_progress: "in flight",
  review: "in review",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
};

export const MISFIRES: readonly { value: Misfire; label: string }[] = [
  { value: "one", label: "Make one card for all of them" },
  { value: "skip", label: "Make no card, wait for the next time" },
  { value: "all", label: "Make a card for each" },
];

export const OVERLAPS: readonly { value: Overlap; label: string }[] = [
  { value: "skip", label: "Make no further card" },
  { value: "queue", label: "Let the next card wait until it is finished" },
  { value: "allow", label: "Make the next card beside it" },
];
