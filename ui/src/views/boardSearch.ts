// A filter of the board as its address has it.
import type { Filter as Rule } from "../bindings";
import type { Filter } from "../data/filter";
import type { BoardSearch } from "./router";

export function searchOf(rule: Rule | Filter, shelf: boolean | undefined, bar?: true): BoardSearch {
  return {
    q: rule.text || undefined,
    project: rule.project ?? undefined,
    tags: rule.tags?.join(",") || undefined,
    agent: rule.agent ?? undefined,
    priority: rule.priority ?? undefined,
    due: rule.due ?? undefined,
    shelf,
    bar,
  };
}
