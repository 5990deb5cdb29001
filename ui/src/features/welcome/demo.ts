// The demo's card, in the words that a person would use for a real one.
import type { AddTask } from "../../bindings";

export const DEMO_TASK: AddTask = {
  title: "Say hello from Flightboard",
  description: [
    "A first card, to see the whole way once.",
    "",
    "- [ ] Write a greeting and leave it as an artifact",
    "- [ ] Report that the work is finished",
  ].join("\n"),
  tags: ["demo"],
  column: "ready",
};
