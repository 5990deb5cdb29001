// Starting agents. `useLaunch()` asks the person which one and how, remembers it, starts it, and says
// so when it did not work; meanwhile the card already stands in flight as “preparing”.
import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import { asProblem } from "../../backend/backend";
import type { RunId, StartRun, TaskId } from "../../bindings";
import { toast } from "../../components/Toast";
import { act } from "../../data/actions";
import { useData } from "../../data/context";
import { AgentPicker, type Choice } from "./AgentPicker";

export interface LaunchRequest {
  tasks: TaskId[];
  /** Continue this earlier run. */
  resume?: RunId;
  /** What the picker shows first, instead of what was used last. */
  agent?: string;
}

const LaunchContext = createContext<((request: LaunchRequest) => void) | null>(null);

export function useLaunch(): (request: LaunchRequest) => void {
  const launch = useContext(LaunchContext);
  if (launch === null) throw new Error("Starting an agent needs a LaunchProvider above it.");
  return launch;
}

export function LaunchProvider({ children }: { children: ReactNode }) {
  const data = useData();
  const [request, setRequest] = useState<LaunchRequest | null>(null);
  const launch = useCallback((next: LaunchRequest) => next.tasks.length > 0 && setRequest(next), []);

  const start = (choice: Choice) => {
    if (!request) return;
    setRequest(null);
    const again = () => setRequest({ ...request, agent: choice.agent });
    for (const task of request.tasks) {
      const order: StartRun = { task, ...choice, resume: request.resume ?? null };
      act(data, "startRun", order).catch((thrown) => {
        const problem = asProblem(thrown);
        const key = data.cards.card(task)?.key ?? `T-${task}`;
        toast({
          text: `${key} did not start: ${problem.message}`,
          next: problem.next,
          tone: "bad",
          action: { label: "Try again", run: again },
        });
      });
    }
  };

  return (
    <LaunchContext value={launch}>
      {children}
      {request && <AgentPicker request={request} onStart={start} onClose={() => setRequest(null)} />}
    </LaunchContext>
  );
}
