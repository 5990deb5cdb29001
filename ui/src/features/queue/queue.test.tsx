import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, test } from "vitest";
import { type FakeBackend, fakeBackend } from "../../backend/fake";
import type { Gate, TaskId } from "../../bindings";
import { dismissToasts, Toaster } from "../../components/Toast";
import { createData, DataProvider } from "../../data/context";
import { useAgents, useBoard, usePlan, useQueuePolicy } from "../../data/queries";
import { AgentLoads } from "./AgentLoads";
import { GateEditor } from "./GateEditor";
import { PolicyForm } from "./PolicyForm";
import { StartsList, WaitsList } from "./QueueLists";
import { QueueSwitch } from "./QueueSwitch";
import { RunNext } from "./RunNext";
import { loadWords, recordWords, strikesWords, wholeNumber } from "./words";

beforeEach(() => {
  dismissToasts();
  // jsdom lays nothing out, and what is not in sight is not drawn.
  Object.defineProperty(Element.prototype, "clientHeight", { configurable: true, get: () => 450 });
});

/** The page's parts, joined as it joins them. */
function Desk({ onOpen }: { onOpen(id: TaskId): void }) {
  useBoard();
  const plan = usePlan().data;
  const policy = useQueuePolicy().data;
  const agents = useAgents().data;
  if (!plan || !policy || !agents) return null;
  return (
    <>
      <QueueSwitch policy={policy} inFlight={plan.in_flight} />
      <StartsList starts={plan.starts} onOpen={onOpen} />
      <WaitsList waits={plan.waits} onOpen={onOpen} />
      <AgentLoads agents={plan.agents} />
      <RunNext agents={agents} />
      <PolicyForm key={JSON.stringify(policy)} policy={policy} agents={agents} />
    </>
  );
}

async function desk(
  prepare: (backend: FakeBackend) => void = () => {},
): Promise<{ backend: FakeBackend; opened: TaskId[] }> {
  const backend = fakeBackend();
  prepare(backend);
  const opened: TaskId[] = [];
  render(
    <DataProvider data={createData(backend)}>
      <Desk onOpen={(id) => opened.push(id)} />
      <Toaster />
    </DataProvider>,
  );
  await screen.findByText("Cache product pages with a 5 minute TTL");
  return { backend, opened };
}

const sent = (backend: FakeBackend, name: string) =>
  backend.calls.filter((call) => call.name === name).map((call) => call.request);

test("each waiting card says why, and the keys go from one to the next and open it", async () => {
  const { opened } = await desk();
  const waits = within(screen.getByRole("list", { name: "Waits" }));
  expect(waits.getByText("waiting: 4 of 4 in flight, next")).toBeTruthy();
  expect(waits.getByText("blocked by T-147, which has not started")).toBeTruthy();
  await userEvent.tab();
  waits.getAllByRole("button")[0]?.focus();
  await userEvent.keyboard("{End}");
  await waitFor(() => expect(document.activeElement?.textContent).toContain("T-148"));
  await userEvent.keyboard("{Enter}");
  expect(opened).toEqual([148]);
});

test("what would start says on which agent and by which rule", async () => {
  await desk(({ world }) => {
    world.policy = { ...world.policy, parallel: 5 };
  });
  const starts = within(screen.getByRole("list", { name: "Starts next" }));
  expect(starts.getByRole("button").textContent).toContain(
    "starts next, on claude · first of its agents; model: the agent's default",
  );
});

test("the switch pauses and resumes, and leaves the rest of the rules alone", async () => {
  const { backend } = await desk(({ world }) => {
    world.policy = { ...world.policy, share_by_tags: ["docs"] };
  });
  await userEvent.click(screen.getByRole("button", { name: /^Pause the queue/ }));
  await screen.findByText("paused");
  expect(sent(backend, "putQueuePolicy")).toEqual([
    { parallel: 4, agents: ["claude", "codex"], share_by_tags: ["docs"], paused: true },
  ]);
  await userEvent.click(screen.getByRole("button", { name: "Resume the queue" }));
  await waitFor(() => expect(screen.queryByText("paused")).toBeNull());
});

test("the next few cards are started on one agent; nonsense is not sent, and a card that could not start is named", async () => {
  const { backend } = await desk();
  const next = within(screen.getByRole("form", { name: "Run next" }));
  const count = next.getByLabelText("Cards");
  await userEvent.clear(count);
  await userEvent.type(count, "0{Enter}");
  expect((await next.findByRole("alert")).textContent).toBe("A number from 1 to 50.");
  expect(sent(backend, "startNext")).toEqual([]);

  const why = "2 of 2 in flight for codex; wait until one has ended, or raise the limit in the settings";
  backend.startNext = async (request) => {
    backend.calls.push({ name: "startNext", request });
    return { runs: [], passed_over: [{ task: 147, why }] };
  };
  await userEvent.clear(count);
  await userEvent.type(count, "2");
  await userEvent.selectOptions(next.getByLabelText("Agent"), "codex");
  await userEvent.keyboard("{Tab}{Enter}");
  expect((await next.findByRole("list", { name: "Passed over" })).textContent).toBe(`T-147 ${why}`);
  await screen.findByText("No card could be started.");
  expect(sent(backend, "startNext")).toEqual([{ count: 2, agent: "codex" }]);
});

test("an agent that is left alone can be tried again", async () => {
  const { backend } = await desk();
  const row = within(screen.getByTestId("load-opencode"));
  expect(row.getByText("breaker open for opencode, probe at 14:05")).toBeTruthy();
  await userEvent.click(row.getByRole("button", { name: /^Try again now/ }));
  await waitFor(() => expect(row.getByText("takes work")).toBeTruthy());
  expect(sent(backend, "resetBreaker")).toEqual([{ agent: "opencode" }]);
});

test("rules are saved with what the form does not show; nonsense is not sent", async () => {
  const { backend } = await desk(({ world }) => {
    world.policy = { ...world.policy, models: { claude: { complex: "opus" } } };
  });
  const parallel = screen.getByLabelText("Runs at one time");
  await userEvent.clear(parallel);
  await userEvent.type(parallel, "two");
  await userEvent.click(screen.getByRole("button", { name: "Save rules" }));
  expect((await screen.findByRole("alert")).textContent).toBe("A whole number, or nothing.");
  expect(sent(backend, "putQueuePolicy")).toEqual([]);

  await userEvent.clear(parallel);
  await userEvent.type(parallel, "2");
  await userEvent.click(screen.getByRole("button", { name: "Move Codex up" }));
  await userEvent.selectOptions(screen.getByLabelText("Of several agents, take"), "least_loaded");
  await userEvent.type(screen.getByLabelText("Longest run, in minutes"), "90");
  await userEvent.click(screen.getByRole("button", { name: "Save rules" }));
  await waitFor(() => expect(sent(backend, "putQueuePolicy")).toHaveLength(1));
  expect(sent(backend, "putQueuePolicy")[0]).toMatchObject({
    parallel: 2,
    agents: ["codex", "claude"],
    choice: "least_loaded",
    limits: { longest: 5_400, idle: null },
    breaker: { threshold: 3, cool_down: 60_000, longest: 3_600_000 },
    models: { claude: { complex: "opus" } },
  });
});

test("a gate is put together, reordered and taken apart", async () => {
  let last: Gate = [];
  function Editor() {
    const [gate, setGate] = useState<Gate>([]);
    last = gate;
    return <GateEditor gate={gate} agents={useAgents().data ?? []} onChange={setGate} />;
  }
  render(
    <DataProvider data={createData(fakeBackend())}>
      <Editor />
    </DataProvider>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Add a person" }));
  await userEvent.click(screen.getByRole("button", { name: "Add a command" }));
  await userEvent.type(screen.getByLabelText("Command of step 2"), 'npm test -- "two words"');
  await userEvent.click(screen.getByRole("button", { name: "Move step 2 up" }));
  const check = { kind: "check", command: ["npm", "test", "--", "two words"], timeout: 600 };
  expect(last).toEqual([check, { kind: "person" }]);
  expect(screen.getByLabelText<HTMLInputElement>("Command of step 1").value).toBe('npm test -- "two words"');
  await waitFor(() =>
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Add a reviewer" }).disabled).toBe(false),
  );
  await userEvent.click(screen.getByRole("button", { name: "Add a reviewer" }));
  await userEvent.click(screen.getByRole("button", { name: "Remove step 2" }));
  expect(last).toEqual([check, { kind: "agent", agent: "claude" }]);
});

test("figures are told in words", () => {
  expect(loadWords({ live: 1, capacity: 2 })).toBe("1 of 2");
  expect(loadWords({ live: 1, capacity: null })).toBe("1");
  expect(recordWords({ succeeded: 2, ended: 3 })).toBe("2 of 3 (67 %)");
  expect(recordWords({ succeeded: 0, ended: 0 })).toBeNull();
  const breaker = { threshold: 3, cool_down: 60_000, longest: 3_600_000 };
  expect(strikesWords({ failures: 0, breaker })).toBe("takes work");
  expect(strikesWords({ failures: 2, breaker })).toBe("takes work; 2 of 3 failures in a row");
  expect([wholeNumber(""), wholeNumber(" 7 "), wholeNumber("-1"), wholeNumber("1.5")]).toEqual([
    undefined,
    7,
    null,
    null,
  ]);
});
