// New versions of the window: who announces them, what was found, and how far the one that is being installed has come.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem } from "../backend/backend";
import type { Fetched, NewVersion, Problem } from "../bindings";
import { useBackend } from "./context";
import { keys } from "./keys";

const problem = (thrown: unknown): never => {
  throw asProblem(thrown);
};

/** The host that is asked; null in a browser, and in a build that knows of none. */
export function useUpdateSource(): string | null {
  const backend = useBackend();
  const asked = useQuery<string | null, Problem>({
    queryKey: keys.updateSource,
    queryFn: () => backend.updateSource().catch(problem),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return asked.data ?? null;
}

/** What was found is kept for as long as the window is open; it is looked for at once only if `wanted`. */
export function useNewVersion(wanted: boolean) {
  const backend = useBackend();
  const source = useUpdateSource();
  return useQuery<NewVersion | null, Problem>({
    queryKey: keys.newVersion,
    queryFn: () => backend.lookForUpdate().catch(problem),
    enabled: wanted && source !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

export function useInstall() {
  const backend = useBackend();
  const [fetched, setFetched] = useState<Fetched | null>(null);
  const install = useMutation<void, Problem, string>({
    mutationFn: (version) => {
      setFetched(null);
      return backend.installUpdate(version, setFetched).catch(problem);
    },
  });
  return {
    install: install.mutate,
    installing: install.isPending || install.isSuccess,
    fetched,
    problem: install.error,
  };
}
