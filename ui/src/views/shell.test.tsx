// The whole interface over the fake engine, in what needs no layout: dialogs, keys, first run.
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Backend } from "../backend/backend";
import { type FakeBackend, fakeBackend } from "../backend/fake";
import type { NewVersion } from "../bindings";
import { dismissToasts, Toaster } from "../components/Toast";
import { createData, DataProvider } from "../data/context";
import { makeRouter } from "./router";

beforeEach(() => {
  dismissToasts();
  localStorage.clear();
});

afterEach(() => void vi.useRealTimers());

let router: ReturnType<typeof makeRouter>;

async function open(path = "/", scene = "", differs: Partial<Backend> = {}): Promise<FakeBackend> {
  const backend = Object.assign(fakeBackend({ scene }), differs);
  router = makeRouter(createMemoryHistory({ initialEntries: [path] }));
  render(
    <DataProvider data={createData(backend)}>
      <RouterProvider router={router} />
      <Toaster />
    </DataProvider>,
  );
  await waitFor(() => expect(document.querySelector("main")).not.toBeNull());
  return backend;
}

const asked = (backend: FakeBackend, name: string) =>
  backend.calls.filter((call) => call.name === name).map((call) => call.request);

test("quick add takes one card after the other and keeps what was refused", async () => {
  const backend = await open();
  await userEvent.click(await screen.findByRole("button", { name: "Add a card to Ready" }));
  const box = screen.getByRole("textbox", { name: "New card in Ready" });
  await userEvent.type(box, "First{Enter}Second{Enter}{Enter}");
  expect(asked(backend, "addTask")).toMatchObject([
    { title: "First", column: "ready" },
    { title: "Second", column: "ready" },
  ]);
  expect(screen.getByRole("alert").textContent).toBe("A card needs a title.");
});

test("C writes a card with everything in it", async () => {
  const backend = await open();
  await screen.findByTestId("column-inbox");
  await userEvent.keyboard("c");
  const dialog = await screen.findByRole("dialog", { name: "New card" });
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Title" }), "Paint it");
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Description" }), "**Green**");
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Tags" }), "paint, #ui");
  await userEvent.selectOptions(within(dialog).getByRole("combobox", { name: "Priority" }), "High");
  await userEvent.selectOptions(within(dialog).getByRole("combobox", { name: "Project" }), "website");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(asked(backend, "addTask")).toEqual([
    {
      title: "Paint it",
      description: "**Green**",
      tags: ["paint", "ui"],
      priority: 8,
      project: 2,
      due_at: null,
      column: "inbox",
    },
  ]);
});

test("the card editor shows the Markdown, and keeps a draft that was closed", async () => {
  await open();
  await screen.findByTestId("column-inbox");
  await userEvent.keyboard("c");
  await userEvent.type(await screen.findByRole("textbox", { name: "Title" }), "Kept");
  await userEvent.type(screen.getByRole("textbox", { name: "Description" }), "**Bold**");
  await userEvent.click(screen.getByRole("tab", { name: "Preview" }));
  expect(screen.getByText("Bold").tagName).toBe("STRONG");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await userEvent.keyboard("c");
  expect(await screen.findByRole("textbox", { name: "Title" })).toHaveProperty("value", "Kept");
  await userEvent.click(screen.getByRole("button", { name: /^Add card/ }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("Ctrl K finds a card by its words and opens it", async () => {
  await open();
  await screen.findByTestId("column-inbox");
  await userEvent.keyboard("{Control>}k{/Control}");
  await userEvent.type(await screen.findByRole("combobox"), "lexer");
  await userEvent.click(await screen.findByText("Split the lexer from the parser"));
  await waitFor(() => expect(router.state.location.pathname).toBe("/task/139"));
});

test("the first start leads to the welcome page, and its demo makes a card and starts", async () => {
  const backend = await open("/", "first");
  await userEvent.click(await screen.findByRole("button", { name: "Watch the demo agent" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/task/1"), { timeout: 5_000 });
  expect(asked(backend, "addTask")).toMatchObject([{ title: "Say hello from Flightboard" }]);
  expect(asked(backend, "startRun")).toEqual([{ task: 1, agent: "demo", mode: "unattended" }]);
  expect(backend.world.settings.welcomed).toBe(true);
});

test("the help lists the keys", async () => {
  await open();
  await screen.findByTestId("column-inbox");
  await userEvent.keyboard("?");
  expect(await screen.findByRole("dialog", { name: "Keyboard shortcuts" })).toBeTruthy();
});

test("an unknown address says so", async () => {
  await open("/nowhere");
  expect(await screen.findByText("There is nothing at this address.")).toBeTruthy();
});

test("a board that cannot be read says why and tries again", async () => {
  await open("/", "error");
  expect(await screen.findByText("The database cannot be read: disk I/O error.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
});

test("a project's count of open cards follows the cards", async () => {
  await open("/projects");
  const row = await screen.findByTestId("project-website");
  const count = () => Number(/(\d+) open/.exec(row.textContent ?? "")?.[1]);
  await waitFor(() => expect(count()).toBeGreaterThan(0));
  const before = count();
  await userEvent.keyboard("c");
  const dialog = await screen.findByRole("dialog", { name: "New card" });
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Title" }), "One more");
  await userEvent.selectOptions(within(dialog).getByRole("combobox", { name: "Project" }), "website");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await waitFor(() => expect(count()).toBe(before + 1));
});

test("a run's clock goes on while one goes from page to page", async () => {
  const backend = await open();
  await screen.findByTestId("column-inbox");
  const [working] = [...backend.world.tasks.values()].filter(({ card }) => card.run?.status === "working");
  await router.navigate({ to: "/queue" });
  await screen.findByRole("heading", { name: "Queue" });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  await router.navigate({ to: "/" });
  await screen.findByTestId("column-inbox");
  await router.navigate({ to: "/task/$id", params: { id: working?.card.id ?? 0 } });
  const clock = (await screen.findAllByTitle(/^since/))[0];
  const before = clock?.textContent;
  expect(seconds(before)).toBeGreaterThan(3_600);
  vi.setSystemTime(Date.now() + 5_000);
  await waitFor(() => expect(seconds(clock?.textContent)).toBeGreaterThanOrEqual(seconds(before) + 5), {
    timeout: 5_000,
  });
});

const seconds = (text = "") => text.split(":").reduce((all, part) => all * 60 + Number(part), 0);

test("nobody is asked for new versions until the person says so", async () => {
  const lookForUpdate = vi.fn(async () => ({ version: "9.0.0", notes: "- Cards **fly**." }));
  const backend = await open("/settings", "", { lookForUpdate });
  const box = await screen.findByRole("checkbox", { name: /Look for a new version/ });
  expect(lookForUpdate).not.toHaveBeenCalled();
  await userEvent.click(box);
  await waitFor(() => expect(asked(backend, "putSettings").at(-1)).toMatchObject({ look_for_updates: true }));
  expect(await screen.findByRole("article", { name: "Version 9.0.0" })).toBeTruthy();
  expect(lookForUpdate).toHaveBeenCalledTimes(1);
  expect(screen.queryByText("Flightboard 9.0.0 is there")).toBeNull();
});

test("a new version is told of when the window opens, and leads to what is new in it", async () => {
  const getSettings: Backend["getSettings"] = async () => ({ welcomed: true, look_for_updates: true });
  await open("/", "", { getSettings });
  expect(await screen.findByText("Flightboard 9.0.0 is there")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "What is new" }));
  expect(await screen.findByRole("article", { name: "Version 9.0.0" })).toBeTruthy();
});

test("a new version is read and installed from the settings, and what goes wrong is said there", async () => {
  let answer: NewVersion | null = null;
  const asked: string[] = [];
  const installUpdate: Backend["installUpdate"] = async (version, onFetched) => {
    asked.push(version);
    onFetched({ bytes: 3_000_000, of: 12_000_000 });
    if (asked.length === 1) throw { code: "unavailable", message: "its signature is wrong", next: "tell somebody" };
    await new Promise(() => {});
  };
  await open("/settings", "", { lookForUpdate: async () => answer, installUpdate });
  await userEvent.click(await screen.findByRole("button", { name: "Look now" }));
  expect(await screen.findByText("This is the newest version.")).toBeTruthy();
  answer = { version: "9.0.0", notes: "- Cards **fly**." };
  await userEvent.click(screen.getByRole("button", { name: "Look now" }));
  const found = await screen.findByRole("article", { name: "Version 9.0.0" });
  expect(within(found).getByText("fly").tagName).toBe("STRONG");
  const install = within(found).getByRole("button", { name: "Install 9.0.0 and restart" });
  await userEvent.click(install);
  expect(await within(found).findByText(/its signature is wrong/i)).toBeTruthy();
  await userEvent.click(install);
  expect(await within(found).findByText(/3.0 MB of 12 MB/)).toBeTruthy();
  expect(asked).toEqual(["9.0.0", "9.0.0"]);
});
