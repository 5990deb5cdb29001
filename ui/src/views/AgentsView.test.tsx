import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { type FakeBackend, fakeBackend } from "../backend/fake";
import { dismissToasts, Toaster } from "../components/Toast";
import { createData, DataProvider } from "../data/context";
import { AgentsView } from "./AgentsView";

beforeEach(() => dismissToasts());

async function page(prepare: (backend: FakeBackend) => unknown = () => {}) {
  const backend = fakeBackend();
  await prepare(backend);
  render(
    <DataProvider data={createData(backend)}>
      <AgentsView />
      <Toaster />
    </DataProvider>,
  );
  await screen.findByRole("list", { name: "Built-in agents" });
  return backend;
}

const sent = (backend: FakeBackend, name: string) =>
  backend.calls.filter((call) => call.name === name).map((call) => call.request as Record<string, unknown>);

async function menu(agent: string, item: string) {
  await userEvent.click(screen.getByRole("button", { name: `More for ${agent}` }));
  await userEvent.click(await screen.findByRole("menuitem", { name: item }));
}

test("an agent is added by keyboard alone, and stands among one's own", async () => {
  const backend = await page();
  expect(screen.getByText("No agents of your own yet.")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Add agent" }));
  await userEvent.keyboard("scout");
  await userEvent.type(screen.getByLabelText("Program"), "my-scout");
  screen.getByRole("button", { name: "Argument" }).focus();
  await userEvent.keyboard("{Enter}");
  await userEvent.type(await screen.findByLabelText("Argument 1"), "--task={{task_file}");
  await userEvent.type(screen.getByLabelText("Skills"), "rust, deploy{Enter}");
  await userEvent.selectOptions(screen.getByLabelText("Role"), "reviewer");
  expect(screen.getByText("What a reviewer is told")).toBeTruthy();
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  const own = await screen.findByRole("list", { name: "Your agents" });
  expect(within(own).getByTestId("agent-scout")).toBeTruthy();
  expect(sent(backend, "registerAgent")).toMatchObject([
    {
      name: "scout",
      kind: "custom",
      profile: { program: "my-scout", args: ["--task={task_file}"] },
      skills: ["rust", "deploy"],
      role: "reviewer",
      instructions: "",
    },
  ]);
});

test("what the engine refuses stands in the dialog, and nothing that was typed is lost", async () => {
  const backend = await page((fake) =>
    fake.failNext("registerAgent", { code: "invalid", message: "“A B” is not a name for an agent.", next: null }),
  );
  await userEvent.click(screen.getByRole("button", { name: "Add agent" }));
  await userEvent.keyboard("A B{Control>}{Enter}{/Control}");
  expect(await screen.findByText(/is not a name for an agent/)).toBeTruthy();
  expect(screen.getByLabelText("Name")).toHaveProperty("value", "A B");
  expect(backend.world.agents.some((agent) => !agent.builtin)).toBe(false);
});

test("an agent without a name is not sent", async () => {
  const backend = await page();
  await userEvent.click(screen.getByRole("button", { name: "Add agent" }));
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  expect(await screen.findByText("Give it a name.")).toBeTruthy();
  expect(sent(backend, "registerAgent")).toEqual([]);
});

test("a removed agent comes back as it was", async () => {
  const backend = await page(async (fake) => {
    await fake.registerAgent({
      name: "scout",
      role: "planner",
      skills: ["docs"],
      profile: { program: "s", install: "i" },
    });
  });
  const before = backend.world.agents.find((agent) => agent.name === "scout");
  await menu("scout", "Remove");
  await screen.findByText("scout is off the list.");
  await waitFor(() => expect(screen.queryByTestId("agent-scout")).toBeNull());
  await userEvent.click(screen.getByRole("button", { name: "Undo" }));
  await screen.findByTestId("agent-scout");
  const after = backend.world.agents.find((agent) => agent.name === "scout");
  expect({ ...after, registered_at: 0, updated_at: 0 }).toEqual({ ...before, registered_at: 0, updated_at: 0 });
});

test("an agent that is needed stays, and the reason is said", async () => {
  await page(async (fake) => {
    await fake.registerAgent({ name: "scout" });
    fake.failNext("removeAgent", { code: "conflict", message: "scout is at work on T-1; stop it", next: null });
  });
  await menu("scout", "Remove");
  expect(await screen.findByText("scout is at work on T-1; stop it")).toBeTruthy();
  expect(screen.getByTestId("agent-scout")).toBeTruthy();
});

test("an agent is tried, switched off, and says so", async () => {
  const backend = await page();
  await menu("Claude Code", "Try it");
  expect(await screen.findByText("claude 1.2.3")).toBeTruthy();
  await menu("Claude Code", "Switch off");
  await waitFor(() => expect(screen.getByTestId("agent-claude").textContent).toContain("switched off"));
  expect(sent(backend, "registerAgent")).toEqual([{ name: "claude", enabled: false }]);
});

test("an agent that fetches its own work is online until its heartbeat is too old", async () => {
  await page(async (fake) => {
    await fake.registerAgent({ name: "near" });
    await fake.registerAgent({ name: "far" });
    await fake.registerAgent({ name: "new" });
    const now = Date.now();
    for (const agent of fake.world.agents) {
      if (agent.name === "near") Object.assign(agent, { last_seen_at: now, online_until: now + 60_000 });
      if (agent.name === "far") Object.assign(agent, { last_seen_at: now - 2_000, online_until: now - 1_000 });
    }
  });
  expect(screen.getByTestId("agent-near").textContent).toContain("online");
  expect(screen.getByTestId("agent-far").textContent).toContain("offline");
  expect(screen.getByTestId("agent-new").textContent).toContain("never seen");
});

test("how busy each is, how often it succeeds and what it used stand in one table, estimates marked", async () => {
  await page(({ world }) => {
    world.records.set("claude", [14, 16]);
    world.spends
      .set("claude", [spend(412_300, 1_840_000), spend(9_120_450, 41_070_000)])
      .set("codex", [spend(0, 0), { ...spend(1_200_000, 2_250_000), estimated: true }]);
  });
  const cells = async (agent: string) =>
    [...(await screen.findByTestId(`load-${agent}`)).querySelectorAll("td")].map((cell) => cell.textContent);
  expect(await cells("claude")).toEqual([
    "1",
    "14 of 16 (88 %)",
    "$1.84412,300 tokens",
    "$41.079,120,450 tokens",
    "takes work",
  ]);
  expect((await cells("codex")).slice(1, 4)).toEqual(["31 of 40 (78 %)", "–", "$2.25 estimated1,200,000 tokens"]);
});

function spend(tokens: number, micros: number) {
  return { tokens, micros, estimated: false };
}
