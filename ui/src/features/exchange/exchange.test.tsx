import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { beforeEach, expect, test } from "vitest";
import { type FakeBackend, fakeBackend } from "../../backend/fake";
import { dismissToasts, Toaster } from "../../components/Toast";
import { createData, DataProvider } from "../../data/context";
import { useGithub, useProjects } from "../../data/queries";
import { ImportFile } from "./FileExchange";
import { GithubLinks, nameOf } from "./GithubLinks";

beforeEach(() => dismissToasts());

function Links() {
  const github = useGithub().data;
  const projects = useProjects().data;
  return github && projects ? <GithubLinks github={github} projects={projects} /> : null;
}

function show(what: ReactNode): FakeBackend {
  const backend = fakeBackend();
  render(
    <DataProvider data={createData(backend)}>
      {what}
      <Toaster />
    </DataProvider>,
  );
  return backend;
}

test("a repository is linked, looked at, synced and unlinked", async () => {
  const backend = show(<Links />);
  await userEvent.type(await screen.findByLabelText("Repository at GitHub"), "https://github.com/kim/harbor/issues");
  await userEvent.click(screen.getByRole("button", { name: "Link" }));
  const row = await screen.findByTestId("link-kim/harbor");
  expect(within(row).getByText(/^Never synced/)).toBeTruthy();

  await userEvent.click(within(row).getByRole("button", { name: /^Preview/ }));
  expect(
    within(await within(row).findByRole("region", { name: "On the board" })).getByRole("listitem").textContent,
  ).toBe("#7 new card: Uploads stall");
  await userEvent.click(within(row).getByRole("button", { name: /^Sync now/ }));
  expect(await within(row).findByText("1 card added")).toBeTruthy();
  expect(within(row).queryByRole("region")).toBeNull();
  expect(backend.calls.filter(({ name }) => name === "syncGithub").map(({ request }) => request)).toEqual([
    { repository: "kim/harbor", preview: true },
    { repository: "kim/harbor" },
  ]);

  backend.failNext("syncGithub", { code: "unavailable", message: "GitHub answered 401: Bad", next: "log in again" });
  await userEvent.click(within(row).getByRole("button", { name: /^Preview/ }));
  expect((await within(row).findByRole("alert")).textContent).toBe("GitHub answered 401: Bad. Log in again.");

  await userEvent.click(within(row).getByRole("button", { name: /^Unlink/ }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Unlink" }));
  await screen.findByText(/^GitHub is asked as you are logged in/);
  expect(screen.queryByTestId("link-kim/harbor")).toBeNull();
});

test.each([
  ["kim/harbor", "kim/harbor"],
  [" https://github.com/kim/harbor.git ", "kim/harbor"],
  ["git@github.com:kim/harbor.git", "kim/harbor"],
  ["https://git.example/kim/harbor/", "kim/harbor"],
])("%j names %s", (typed, name) => {
  expect(nameOf(typed)).toBe(name);
});

test("a file is read whole before anything is sent, and the outcome is told", async () => {
  const backend = show(<ImportFile />);
  const head = '{"format":"flightboard","version":1}\n';
  const file = (text: string) => new File([text], "board.jsonl");
  await userEvent.upload(screen.getByTestId("files"), file(`${head}{"type":"edge"}\nnot a line`));
  expect((await screen.findByRole("alert")).textContent).toBe("Line 3 of “board.jsonl” cannot be read. ");
  expect(backend.calls.some(({ name }) => name === "importRecords")).toBe(false);
  await userEvent.upload(screen.getByTestId("files"), file(`${head}{"type":"edge"}\n`));
  expect((await screen.findByRole("status")).textContent).toBe("1 record added, 0 here already.");
});
