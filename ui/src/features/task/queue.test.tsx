import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { type FakeBackend, fakeBackend } from "../../backend/fake";
import type { TaskId } from "../../bindings";
import { createData, DataProvider } from "../../data/context";
import { useAgents, useBoard, useCard, usePlanOf, useTask } from "../../data/queries";
import { QueueTab } from "./QueueTab";
import { draftOf, routingOf } from "./Routing";
import { SendBackDialog } from "./SendBackDialog";

function Tab({ id, onQueue }: { id: TaskId; onQueue(queued: boolean): void }) {
  useBoard();
  const task = useTask(id).data;
  const card = useCard(id);
  const agents = useAgents().data;
  const plan = usePlanOf(id, card?.status === "ready").data;
  if (!task || !card || !agents) return null;
  const planned = plan?.starts[0] ?? plan?.waits[0];
  const editor = () => null;
  return <QueueTab {...{ task, card, planned, agents, onQueue }} gateEditor={editor} onOpen={() => {}} />;
}

function show(id: TaskId): { backend: FakeBackend; queued: boolean[] } {
  const backend = fakeBackend();
  const queued: boolean[] = [];
  render(
    <DataProvider data={createData(backend)}>
      <Tab id={id} onQueue={(to) => queued.push(to)} />
    </DataProvider>,
  );
  return { backend, queued };
}

test("a queued card says why it waits, and can be taken out", async () => {
  const { queued } = show(148);
  const why = await screen.findByTestId("queue-why");
  await waitFor(() => expect(why.textContent).toBe("queued blocked by T-147, which has not started"));
  await userEvent.click(screen.getByRole("button", { name: "Take out of the queue" }));
  expect(queued).toEqual([false]);
});

test("a stopped workflow tells how far it came and goes on at a click", async () => {
  const backend = fakeBackend();
  const task = backend.world.tasks.get(148);
  if (task) {
    task.queue = {
      ...task.queue,
      called: "its workflow was stopped after 3 failures; 4 of 7 cards are done",
      workflow: { cards: 7, done: 4, failed: 1, failures: 3, stopped: "3 failures, the last of T-148" },
    };
  }
  render(
    <DataProvider data={createData(backend)}>
      <Tab id={148} onQueue={() => {}} />
    </DataProvider>,
  );
  const block = within(await screen.findByRole("region", { name: "Workflow" }));
  expect(block.getByText(/4 of 7 cards done, 1 failed/).textContent).toContain("3 failures, the last of T-148");
  await userEvent.click(block.getByRole("button", { name: "Resume the workflow" }));
  await waitFor(() => expect(block.queryByRole("button")).toBeNull());
  expect(backend.calls.find((call) => call.name === "resumeWorkflow")?.request).toEqual({ id: 148 });
});

test("a card to wait for is found by its words, chosen with keys, and taken off again", async () => {
  const { backend } = show(147);
  const box = await screen.findByLabelText("Wait for a card");
  await userEvent.type(box, "lexer parser");
  expect((await screen.findByRole("listbox", { name: "Cards" })).textContent).toContain("T-139");
  await userEvent.selectOptions(screen.getByLabelText("Until it"), "any");
  await userEvent.type(box, "{Enter}");
  const list = await screen.findByRole("list", { name: "Waits for" });
  expect(list.textContent).toContain("T-139");
  expect(list.textContent).toContain("to end");
  expect(backend.calls.find((call) => call.name === "addDependency")?.request).toEqual({
    id: 147,
    upstream: 139,
    need: "any",
  });
  await userEvent.click(screen.getByRole("button", { name: "Do not wait for T-139" }));
  await screen.findByText("Nothing: it may start at any time.");
});

test("a circle is refused with the reason, and nothing is added", async () => {
  show(147);
  await userEvent.type(await screen.findByLabelText("Wait for a card"), "T-148{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain("that would be a circle");
  expect(screen.getByText("Nothing: it may start at any time.")).toBeTruthy();
});

test("only this round's verdicts count for the steps; every verdict is told with its words", async () => {
  show(131);
  const steps = within(await screen.findByRole("list", { name: "Steps of the gate" })).getAllByRole("listitem");
  expect(steps.map((step) => step.textContent)).toEqual([
    "1cargo testapproved",
    "2claude reviewsopen",
    "3a person approvesopen",
  ]);
  const verdicts = screen.getByRole("list", { name: "Verdicts" });
  expect(verdicts.textContent).toContain("The third retry has no jitter.\n  backoff.rs:41");
});

test("sending back needs words, and they go as they stand", async () => {
  const backend = fakeBackend();
  const { card } = await backend.getTask({ id: 131 });
  let done = false;
  render(
    <DataProvider data={createData(backend)}>
      <SendBackDialog
        card={card}
        onDone={() => {
          done = true;
        }}
        onClose={() => {}}
      />
    </DataProvider>,
  );
  const send = screen.getByRole<HTMLButtonElement>("button", { name: /^Send back/ });
  expect(send.disabled).toBe(true);
  const notes = "Say “hello” first.{Enter}  Then the rest.";
  await userEvent.type(screen.getByLabelText("What is wrong"), notes);
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => expect(done).toBe(true));
  expect(backend.calls.find((call) => call.name === "reviewTask")?.request).toEqual({
    id: 131,
    verdict: "rejected",
    notes: "Say “hello” first.\n  Then the rest.",
  });
});

test("only what was changed about who may take a card travels", async () => {
  const { queue } = await fakeBackend().getTask({ id: 148 });
  const draft = draftOf(queue);
  expect(routingOf(queue, draft)).toEqual({});
  const set = routingOf(queue, { ...draft, agents: ["codex"], retries: "2", wait: "30" });
  expect(set?.agents).toEqual(["codex"]);
  expect(set?.retry?.timeout).toEqual({ max: 2, backoff: { kind: "fixed", wait: 30_000 } });
  const kept = { ...queue, retry: set?.retry ?? {} };
  expect(routingOf(kept, { ...draftOf(kept), retries: "", wait: "" })).toEqual({ retry: {} });
  expect(routingOf(queue, { ...draft, retries: "two" })).toBeNull();
  expect(routingOf(queue, { ...draft, wait: "soon" })).toBeNull();
});
