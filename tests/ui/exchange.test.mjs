// What comes and goes: a repository at GitHub whose issues are cards, and the whole board as a file. GitHub is a server
// on loopback that speaks its protocol.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cleanInBoth } from "./clean.mjs";
import { KEY, startGithub } from "./github.mjs";
import { test as base, enter, expect } from "./harness.mjs";

const test = base.extend({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern.
  github: async ({}, use) => {
    const github = await startGithub();
    await use(github);
    await github.stop();
  },
});

async function openPage(page) {
  const skip = page.getByRole("button", { name: "Skip to the board" });
  if (await skip.isVisible()) await skip.click();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Import and export" }).click();
}

const section = (page, name) => page.getByRole("region", { name, exact: true });

test("a repository is linked; its issues become cards, and both sides learn of each other’s changes", async ({
  page,
  server,
  machine,
  github,
}) => {
  github.put(1, "Login fails", ["bug"]);
  github.put(2, "Long gone", [], "closed");
  github.put(5, "Slow");
  const repository = await machine.repository("harbor");
  await machine.flightboard("project", "add", repository, "--name", "Harbor");

  // Without a key the next step is said, and said again to whoever comes later.
  await server.stop();
  await server.start({ env: { GITHUB_API_URL: github.address, GITHUB_TOKEN: "", GH_TOKEN: "" } });
  await enter(page, server);
  await openPage(page);
  const place = section(page, "Issues at GitHub");
  await expect(place).toContainText("Nobody is logged in at GitHub");
  await place.getByLabel("Repository at GitHub").fill("kim");
  await place.getByRole("button", { name: "Link" }).click();
  await expect(place.getByRole("alert")).toContainText("write owner/name");
  await place.getByLabel("Repository at GitHub").fill("https://github.com/kim/harbor");
  await place.getByLabel("Repository at GitHub").press("Enter");
  const row = page.getByTestId("link-kim/harbor");
  await expect(row).toContainText("cards of Harbor");
  await row.getByRole("button", { name: "Sync now kim/harbor" }).click();
  await expect(row.getByRole("alert")).toContainText(
    "GitHub answered 401: Bad credentials. Log in with `gh auth login`",
  );
  await page.reload();
  await expect(row.getByRole("alert")).toContainText("Log in with");

  await server.stop();
  await server.start({ env: { GITHUB_API_URL: github.address, GITHUB_TOKEN: KEY } });
  await enter(page, server);
  await openPage(page);
  await expect(place).toContainText("the token in GITHUB_TOKEN");
  await row.getByRole("button", { name: "Preview kim/harbor" }).click();
  const here = row.getByRole("region", { name: "On the board" });
  await expect(here.getByRole("listitem")).toHaveText(["#1 new card: Login fails", "#5 new card: Slow"]);
  expect((await machine.flightboard("list")).length, "a preview makes no card").toBe(0);
  await row.getByRole("button", { name: "Sync now kim/harbor" }).click();
  await expect(row).toContainText("2 cards added");

  await page.keyboard.press("b");
  await page.getByTestId("card-T-2").press("Enter");
  await expect(page.getByRole("button", { name: "Issue 5 of kim/harbor" })).toHaveText("#5");
  await machine.flightboard("move", "2", "done");
  github.put(1, "Login fails on phones", ["bug", "mobile"]);
  await page.keyboard.press("Escape");
  await openPage(page);
  await row.getByRole("button", { name: "Preview kim/harbor" }).click();
  await expect(here.getByRole("listitem")).toHaveText(["#1 T-1: title “Login fails on phones”; labels bug, mobile"]);
  const there = row.getByRole("region", { name: "At GitHub" });
  await expect(there.getByRole("listitem")).toHaveText(["#5 close as completed"]);
  await cleanInBoth(page, "exchange-preview");
  await row.getByRole("button", { name: "Sync now kim/harbor" }).click();
  await expect(row).toContainText("1 card changed, 1 issue changed");
  expect([github.issue(5).state, github.issue(5).state_reason]).toEqual(["closed", "completed"]);
  await row.getByRole("button", { name: "Preview kim/harbor" }).click();
  await expect(row).toContainText("Both sides are alike");

  await row.getByRole("button", { name: "Unlink kim/harbor" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unlink" }).click();
  await expect(row).toHaveCount(0);
  await page.keyboard.press("b");
  await expect(page.getByTestId("card-T-1")).toContainText("Login fails on phones");
});

test("the board goes out as a file and comes back; what is here already stays as it is", async ({ page, machine }) => {
  await machine.flightboard("add", "First");
  await machine.flightboard("add", "Then", "--after", "1");
  await openPage(page);
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export the board…" }).click();
  const file = await downloading;
  expect(file.suggestedFilename()).toBe("flightboard.jsonl");
  const path = join(machine.folder, "board.jsonl");
  await file.saveAs(path);
  const lines = readFileSync(path, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).type ?? "head")).toEqual(["head", "task", "task", "edge"]);

  const imported = section(page, "Import");
  await imported.getByTestId("files").setInputFiles(path);
  await expect(imported.getByRole("status")).toHaveText("0 records added, 3 here already.");
  const elsewhere = readFileSync(path, "utf8").replaceAll('"First"', '"From elsewhere"');
  const moved = elsewhere
    .replace(/"uid":"........-/g, '"uid":"00000000-')
    .replace(/"(task|upstream)":"........-/g, '"$1":"00000000-');
  await imported
    .getByTestId("files")
    .setInputFiles({ name: "other.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(moved) });
  await expect(imported.getByRole("status")).toHaveText("3 records added, 0 here already.");
  await imported.getByLabel("Vibe Kanban’s database").fill(path);
  await imported.getByRole("button", { name: "Import" }).click();
  await expect(imported.getByRole("alert")).toContainText("cannot be read as a Vibe Kanban database");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: /^Board/ }).click();
  await expect(page.getByText("From elsewhere")).toBeVisible();
});
