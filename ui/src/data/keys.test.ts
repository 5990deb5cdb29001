import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { nothingStale } from "./feed";
import { invalidateQueries, keys } from "./keys";

function cacheOf(...known: (readonly unknown[])[]): QueryClient {
  const queries = new QueryClient();
  for (const key of known) queries.setQueryData(key, {});
  return queries;
}

const stale = (queries: QueryClient) =>
  queries
    .getQueryCache()
    .getAll()
    .filter((query) => query.state.isInvalidated)
    .map((query) => query.queryKey.join(" "));

test("a changed task makes its own page stale and no other", () => {
  const queries = cacheOf(keys.task(1), keys.timeline(1), keys.task(2), keys.projects, keys.settings);
  queries.setQueryData(keys.run(10), { id: 10, task: 1 });
  queries.setQueryData(keys.run(20), { id: 20, task: 2 });
  queries.setQueryData(keys.changes(10), {});
  queries.setQueryData(keys.changes(20), {});
  invalidateQueries(queries, { ...nothingStale(), tasks: new Set([1]) });
  expect(stale(queries).sort()).toEqual(["changes 10", "run 10", "task 1", "timeline 1"]);
});

test("a run of unknown task is refreshed rather than left old", () => {
  const queries = cacheOf(keys.diff(30, "a.rs"));
  invalidateQueries(queries, { ...nothingStale(), tasks: new Set([1]) });
  expect(stale(queries)).toEqual(["diff 30 a.rs"]);
});

test("projects, agents and settings are named one by one", () => {
  const queries = cacheOf(keys.projects, keys.agents, keys.doctor, keys.settings, keys.overview, keys.task(1));
  invalidateQueries(queries, { ...nothingStale(), agents: true, overview: true });
  expect(stale(queries).sort()).toEqual(["agents", "overview"]);
});

test("a resync leaves nothing fresh but the board, which was just loaded", () => {
  const queries = cacheOf(keys.board, keys.projects, keys.task(1), keys.changes(9));
  invalidateQueries(queries, { ...nothingStale(), everything: true });
  expect(stale(queries).sort()).toEqual(["changes 9", "projects", "task 1"]);
});
