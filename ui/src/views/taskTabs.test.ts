import { describe, expect, it } from "vitest";
import { fakeBackend } from "../backend/fake";
import { isTab, tabsOf } from "./taskTabs";

const notes = (tabs: ReturnType<typeof tabsOf>) => Object.fromEntries(tabs.map((tab) => [tab.id, tab.note]));

describe("the task page's tabs", () => {
  it("say how much is behind them", async () => {
    const task = await fakeBackend().getTask({ id: 142 });
    const run = task.runs[0] ?? null;
    const live = { run: run?.id ?? 0, status: "working" as const, lastLine: null, outputBytes: 9_000_000 };
    expect(notes(tabsOf(task, task.card, run, live))).toMatchObject({
      log: "9.0 MB",
      changes: "7 files +184 −61",
      artifacts: String(task.artifacts.length),
      runs: String(task.runs.length),
    });
  });

  it("say nothing where there is nothing", async () => {
    const task = await fakeBackend().getTask({ id: 151 });
    expect(Object.values(notes(tabsOf(task, task.card, null, undefined))).filter(Boolean)).toEqual([]);
  });

  it("do not show the newest run's changes beside an earlier run", async () => {
    const task = await fakeBackend().getTask({ id: 142 });
    const earlier = task.runs.at(-1) ?? null;
    expect(task.runs.length).toBeGreaterThan(1);
    expect(notes(tabsOf(task, task.card, earlier, undefined)).changes).toBeUndefined();
  });

  it("are known by their name in the address", () => {
    expect([isTab("log"), isTab("nonsense"), isTab(undefined)]).toEqual([true, false, false]);
  });
});
