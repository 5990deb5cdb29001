// Whether the system starts the window when the person logs in. The system's own list is the truth: it is read
// when the settings open and written at once.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { asProblem } from "../backend/backend";
import type { Problem } from "../bindings";
import { useBackend } from "./context";
import { keys } from "./keys";

/** `on` is null until it is known, and where there is no window. */
export function useStartAtLogin(): { on: boolean | null; put(on: boolean): void; problem: Problem | null } {
  const backend = useBackend();
  const queries = useQueryClient();
  const problem = (thrown: unknown): never => {
    throw asProblem(thrown);
  };
  const asked = useQuery<boolean | null, Problem>({
    queryKey: keys.login,
    queryFn: () => backend.startsAtLogin().catch(problem),
  });
  const put = useMutation<boolean, Problem, boolean>({
    mutationFn: (on) => backend.startAtLogin(on).catch(problem),
    onSuccess: (on) => queries.setQueryData(keys.login, on),
  });
  return { on: asked.data ?? null, put: put.mutate, problem: put.error ?? asked.error };
}
