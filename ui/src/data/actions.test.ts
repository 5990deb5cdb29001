import { expect, test } from "vitest";
import { fakeBackend } from "../backend/fake";
import { act } from "./actions";
import { createData } from "./context";

async function aBoard() {
  const backend = fakeBackend();
  const data = createData(backend);
  await data.feed.load();
  return { backend, data };
}

const refused = { code: "conflict", message: "Somebody was faster.", next: null } as const;

test("a move shows before the engine has answered", async () => {
  const { data } = await aBoard();
  const moving = act(data, "moveTask", { id: 148, column: "done" });
  expect(data.cards.card(148)?.status).toBe("done");
  expect(data.cards.column("done")[0]).toBe(148);
  await moving;
  expect(data.cards.card(148)?.status).toBe("done");
});

test("a refused move goes back and says why", async () => {
  const { backend, data } = await aBoard();
  backend.failNext("moveTask", refused);
  await expect(act(data, "moveTask", { id: 148, column: "done" })).rejects.toEqual(refused);
  expect(data.cards.card(148)?.status).toBe("ready");
  expect(data.cards.column("ready")).toContain(148);
});

test("a card stands in flight, preparing, while its agent starts", async () => {
  const { data } = await aBoard();
  const starting = act(data, "startRun", { task: 148, agent: "demo" });
  expect(data.cards.card(148)).toMatchObject({ status: "in_progress", run: { agent: "demo", status: "preparing" } });
  const run = await starting;
  await data.feed.settled();
  expect(data.cards.card(148)?.run?.id).toBe(run.id);
});

test("a start that failed puts the card back where it was", async () => {
  const { backend, data } = await aBoard();
  const problem = { code: "unavailable", message: "claude is not installed.", next: "npm install -g …" } as const;
  backend.failNext("startRun", problem);
  await expect(act(data, "startRun", { task: 148, agent: "claude" })).rejects.toEqual(problem);
  expect(data.cards.card(148)).toMatchObject({ status: "ready", run: null });
});

test("a guess is not put back over fresher news", async () => {
  const { backend, data } = await aBoard();
  backend.failNext("moveTask", refused);
  const moving = act(data, "moveTask", { id: 148, column: "done" });
  const fresh = { ...(data.cards.card(148) as NonNullable<ReturnType<typeof data.cards.card>>), title: "Newer" };
  data.cards.put(fresh);
  await expect(moving).rejects.toEqual(refused);
  expect(data.cards.card(148)?.title).toBe("Newer");
});

test("deleting hides the card and restoring brings it back", async () => {
  const { data } = await aBoard();
  await act(data, "trashTask", { id: 148 });
  expect(data.cards.column("ready")).not.toContain(148);
  await act(data, "restoreTask", { id: 148 });
  expect(data.cards.column("ready")).toContain(148);
});

test("a thing thrown that is no problem becomes one", async () => {
  const { data } = await aBoard();
  data.backend.addTask = async () => {
    throw new TypeError("boom");
  };
  await expect(act(data, "addTask", { title: "x" })).rejects.toEqual({ code: "internal", message: "boom", next: null });
});
