import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { type FakeBackend, fakeBackend } from "../../backend/fake";
import { dismissToasts, Toaster } from "../../components/Toast";
import { createData, DataProvider } from "../../data/context";
import { LaunchProvider, useLaunch } from "./Launcher";

beforeEach(() => {
  localStorage.clear();
  dismissToasts();
});

function Opener({ tasks }: { tasks: number[] }) {
  const launch = useLaunch();
  return (
    <button type="button" onClick={() => launch({ tasks })}>
      go
    </button>
  );
}

async function picking(prepare: (backend: FakeBackend) => void = () => {}, tasks = [148]) {
  const backend = fakeBackend();
  prepare(backend);
  const data = createData(backend);
  await data.feed.load();
  render(
    <DataProvider data={data}>
      <LaunchProvider>
        <Opener tasks={tasks} />
      </LaunchProvider>
      <Toaster />
    </DataProvider>,
  );
  await userEvent.click(screen.getByText("go"));
  await screen.findByRole("radiogroup", { name: "Agent" });
  return { backend, data };
}

const started = (backend: FakeBackend) =>
  backend.calls.filter((call) => call.name === "startRun").map((call) => call.request);

test("the agent used last stands first, and only found ones can be picked", async () => {
  await picking((backend) => {
    backend.world.settings.last_agent = "opencode";
  });
  expect(screen.getByRole("radio", { name: /opencode/ })).toHaveProperty("checked", true);
  expect(screen.queryByRole("radio", { name: /Gemini/ })).toBeNull();
  expect(screen.getByText("npm install -g @google/gemini-cli")).toBeTruthy();
});

test("the project's own agent comes before the one used last", async () => {
  await picking((backend) => {
    backend.world.settings.last_agent = "opencode";
    const website = backend.world.projects.find((project) => project.name === "website");
    if (website) website.settings.agent = "codex";
  });
  expect(screen.getByRole("radio", { name: /Codex/ })).toHaveProperty("checked", true);
});

test("starting sends the choice, remembers it, and never skips checks by habit", async () => {
  const { backend } = await picking();
  await userEvent.click(screen.getByRole("radio", { name: /Codex/ }));
  await userEvent.click(screen.getByRole("radio", { name: /Unattended/ }));
  await userEvent.type(screen.getByRole("textbox", { name: "Model" }), "o5");
  await userEvent.click(screen.getByRole("checkbox", { name: /Skip/ }));
  await userEvent.click(screen.getByRole("button", { name: "Start Codex" }));
  expect(started(backend)).toEqual([
    { task: 148, agent: "codex", mode: "unattended", model: "o5", argv: null, skip_permissions: true, resume: null },
  ]);
  await waitFor(() => expect(backend.world.settings.last_agent).toBe("codex"));
  await userEvent.click(screen.getByText("go"));
  expect(await screen.findByRole("textbox", { name: "Model" })).toHaveProperty("value", "o5");
  expect(screen.getByRole("radio", { name: /Unattended/ })).toHaveProperty("checked", true);
  expect(screen.getByRole("checkbox", { name: /Skip/ })).toHaveProperty("checked", false);
});

test("a custom command is split into words, and an empty one refused", async () => {
  const { backend } = await picking();
  await userEvent.click(screen.getByRole("radio", { name: /Custom/ }));
  await userEvent.click(screen.getByRole("button", { name: "Start Custom command" }));
  expect(screen.getByRole("alert").textContent).toBe("Write the command to run.");
  await userEvent.type(screen.getByRole("textbox", { name: "Command" }), `sh -c "echo hi"`);
  await userEvent.keyboard("{Enter}");
  expect(started(backend)).toMatchObject([{ agent: "custom", argv: ["sh", "-c", "echo hi"] }]);
});

test("a start that failed says why and what to do, and the card is back", async () => {
  const { backend, data } = await picking();
  backend.failNext("startRun", { code: "unavailable", message: "git is missing.", next: "Install git." });
  await userEvent.click(screen.getByRole("button", { name: /^Start/ }));
  expect((await screen.findByText("T-148 did not start: git is missing.")).textContent).toBeTruthy();
  expect(screen.getByText("Install git.")).toBeTruthy();
  expect(data.cards.card(148)?.status).toBe("ready");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("radiogroup", { name: "Agent" })).toBeTruthy();
});

test("several cards get the same choice", async () => {
  const { backend } = await picking(undefined, [147, 148]);
  await userEvent.click(screen.getByRole("button", { name: /^Start/ }));
  expect(started(backend)).toMatchObject([{ task: 147 }, { task: 148 }]);
});
