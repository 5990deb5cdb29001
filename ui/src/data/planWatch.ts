// When the plan is asked for again. Nearly every change can move it and it is the dearest question that the
// board asks, so there is one at a time: what changes meanwhile is answered by the next.
import type { QueryClient } from "@tanstack/react-query";
import type { Stale } from "./feed";
import { keys } from "./keys";

export function planWatch(queries: Pick<QueryClient, "invalidateQueries">): (stale: Stale) => void {
  let asking = false;
  let again = false;
  const ask = () => {
    asking = true;
    again = false;
    void queries.invalidateQueries({ queryKey: keys.plan }).finally(() => {
      asking = false;
      if (again) ask();
    });
  };
  return (stale) => {
    if (!movesThePlan(stale)) return;
    if (asking) again = true;
    else ask();
  };
}

function movesThePlan({ everything, tasks, projects, agents, settings }: Stale): boolean {
  return everything || tasks.size > 0 || projects || agents || settings;
}
