import { describe, expect, it } from "vitest";
import type { Run } from "../../bindings";
import { exitWords, runLine, span } from "./words";

const run: Run = {
  id: 3,
  task: 142,
  attempt: 2,
  agent: "claude",
  agent_version: "2.1.329",
  mode: "interactive",
  model: null,
  status: "waiting",
  evidence: null,
  reason: null,
  created_at: 0,
  started_at: 0,
  ended_at: null,
  exit_code: null,
  signal: null,
  session: "7f3c9a10-aaaa-bbbb",
  workspace: null,
  output_bytes: 0,
  argv: [],
  survivors: [],
  review: null,
  rule: null,
};

describe("a run in words", () => {
  it.each([
    [{ code: 0, signal: null }, "exited 0"],
    [{ code: null, signal: 9 }, "ended by signal 9 (kill)"],
    [{ code: null, signal: 31 }, "ended by signal 31"],
    [{ code: null, signal: null }, "ended, exit code unknown"],
  ])("%o: %s", (exit, words) => expect(exitWords(exit)).toBe(words));

  it.each([
    [-5, "0 s"],
    [59_400, "59 s"],
    [61_000, "1 min 01 s"],
    [11_100_000, "3 h 05 min"],
  ])("%d ms are %s", (ms, words) => expect(span(ms)).toBe(words));

  it("says what runs above its terminal, and only what is known", () => {
    expect(runLine(run, 2, { cols: 80, rows: 24 })).toBe("claude 2.1.329 · run 2 of 2 · session 7f3c9a10 · 80×24");
    expect(runLine({ ...run, agent_version: null, session: null, model: "opus" }, 1, null)).toBe(
      "claude · opus · run 2 of 2",
    );
  });
});
