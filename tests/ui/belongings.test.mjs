// Files, sub-tasks, saved filters and changes to many cards in a browser against the real engine: given with the hands,
// found again by the agent, by the command line and on the next visit, and taken back with one Undo.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanInBoth } from "./clean.mjs";
import { test as base, expect } from "./harness.mjs";

const test = base.extend({
  page: async ({ page }, use) => {
    await page.getByRole("button", { name: "Skip to the board" }).click();
    await expect(page.getByTestId("column-inbox")).toBeVisible();
    await use(page);
  },
});

const card = (page, key) => page.getByTestId(`card-${key}`);
const dialog = (page) => page.getByRole("dialog");

/** Gives files to the page as a drop or a paste does. */
function give(page, selector, kind, files) {
  return page.evaluate(
    ([selector, kind, files]) => {
      const data = new DataTransfer();
      for (const [name, text] of files) data.items.add(new File([text], name));
      const how = { bubbles: true, cancelable: true };
      const event =
        kind === "drop"
          ? new DragEvent("drop", { ...how, dataTransfer: data })
          : new ClipboardEvent("paste", { ...how, clipboardData: data });
      document.querySelector(selector).dispatchEvent(event);
    },
    [selector, kind, files],
  );
}

test("files chosen, dropped and pasted reach the card, its agent and the command line; one taken off comes back", async ({
  page,
  machine,
}) => {
  const chosen = join(machine.folder, "chosen notes.md");
  writeFileSync(chosen, "# Chosen\n");
  await page.keyboard.press("c");
  await dialog(page).getByLabel("Title").fill("Read the files");
  await dialog(page).getByTestId("files").setInputFiles(chosen);
  await give(page, "[role=dialog] form", "paste", []);
  await expect(dialog(page).getByRole("list", { name: "Files to add" })).toContainText("chosen notes.md");
  await cleanInBoth(page, "belongings-editor");
  await page.keyboard.press("Control+Enter");
  await expect(card(page, "T-1")).toBeVisible();
  await card(page, "T-1").press("Enter");
  const files = page.getByRole("region", { name: "Files" });
  await expect(files).toContainText("chosen notes.md");

  await give(page, "[data-testid=task-page]", "drop", [["../../etc/passwd", "dropped"]]);
  await expect(files).toContainText("passwd");
  await give(page, "body", "paste", [["image.png", "pasted"]]);
  await expect(files.getByRole("listitem")).toHaveCount(3);
  await cleanInBoth(page, "belongings-files");

  await files.getByRole("button", { name: /^chosen notes.md/ }).click();
  await expect(dialog(page).getByRole("heading", { name: "Chosen" })).toBeVisible();
  await cleanInBoth(page, "belongings-file");
  await page.keyboard.press("Escape");
  await files.getByRole("button", { name: "Remove passwd" }).click();
  await expect(files.getByRole("listitem")).toHaveCount(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(files.getByRole("listitem")).toHaveCount(3);
  const listed = await machine.flightboard("attachments", "1");
  expect(listed.map(({ name, size }) => [name, size])).toEqual([
    ["chosen notes.md", 9],
    ["image.png", 6],
    ["passwd", 7],
  ]);

  const script = "cat .flightboard/attachments/passwd TASK.md > artifacts/said";
  await machine.flightboard("run", "1", "--wait", "--agent", "custom", "--", "sh", "-c", script);
  const out = join(machine.folder, "out");
  await machine.flightboard("artifacts", "1", "--out", out);
  const said = readFileSync(join(out, "said"), "utf8");
  expect(said).toMatch(/^dropped# T-1/);
  expect(said).toContain("- `.flightboard/attachments/chosen notes.md`");
});

test("sub-tasks are a checklist on their card, and the card tells how far they are", async ({ page, machine }) => {
  await machine.flightboard("add", "The whole");
  await card(page, "T-1").press("Enter");
  const subtasks = page.getByRole("region", { name: "Sub-tasks" });
  const add = subtasks.getByLabel("Add a sub-task");
  await add.press("Enter");
  await expect(subtasks.getByRole("alert")).toBeVisible();
  for (const title of ["First", "Second", "Third"]) {
    await add.fill(title);
    await add.press("Enter");
    await expect(subtasks.getByRole("list")).toContainText(title);
  }
  await subtasks.getByLabel("T-2 is done").check();
  await machine.flightboard("move", "3", "done");
  await expect(page.getByTestId("progress")).toHaveText("2 of 3 done");
  await cleanInBoth(page, "belongings-subtasks");
  await subtasks.getByLabel("T-2 is done").uncheck();
  await expect(page.getByTestId("progress")).toHaveText("1 of 3 done");

  await subtasks.getByRole("button", { name: "Make it a sub-task of…" }).click();
  await dialog(page).getByLabel("Of the card").fill("t-4");
  await page.keyboard.press("Enter");
  await expect(dialog(page).getByRole("alert")).toHaveText(
    "T-1 cannot be a sub-task of T-4: that would be a circle (T-4 → T-1)",
  );
  await cleanInBoth(page, "belongings-parent");
  await page.keyboard.press("Escape");
  await subtasks.getByRole("button", { name: /^T-4/ }).click();
  await expect(subtasks.getByRole("button", { name: /^Part of T-1/ })).toBeVisible();
  await page.getByRole("button", { name: "Back to the board (Esc)" }).click();
  await expect(card(page, "T-1")).toContainText("1 of 3");

  await machine.flightboard("add", "From the shell", "--parent", "1");
  await expect(card(page, "T-1")).toContainText("1 of 4");
  await machine.flightboard("trash", "put", "5");
  await expect(card(page, "T-1")).toContainText("1 of 3");
});

test("a filter is put together by keyboard, saved, found by the command line, and removed with a way back", async ({
  page,
  machine,
}) => {
  await machine.flightboard("add", "Urgent bug", "--tag", "bug", "--priority", "critical");
  await machine.flightboard("add", "Small bug", "--tag", "bug", "--priority", "low");
  await machine.flightboard("add", "Docs", "--assign", "codex");
  await expect(card(page, "T-3")).toBeVisible();

  await page.keyboard.press("f");
  const bar = page.getByRole("search", { name: "Filter" });
  await expect(bar.getByLabel("Saved filter")).toBeFocused();
  await expect(bar.getByRole("button", { name: "Save as…" })).toBeDisabled();
  await bar.getByLabel("Tag").selectOption("bug");
  await expect(card(page, "T-3")).toBeHidden();
  await bar.getByLabel("Priority").selectOption("7");
  await expect(card(page, "T-2")).toBeHidden();
  await expect(card(page, "T-1")).toBeVisible();
  await cleanInBoth(page, "belongings-bar");

  await bar.getByRole("button", { name: "Save as…" }).click();
  await dialog(page).getByLabel("Name").fill("Hot bugs");
  await cleanInBoth(page, "belongings-name");
  await page.keyboard.press("Enter");
  await expect(bar.getByLabel("Saved filter")).toHaveValue("Hot bugs");
  const found = await machine.flightboard("list", "--filter", "hot BUGS");
  expect(found.map(({ key }) => key)).toEqual(["T-1"]);

  await bar.getByLabel("Agent").focus();
  await page.keyboard.press("Escape");
  await expect(bar).toBeHidden();
  await expect(card(page, "T-3")).toBeVisible();
  await machine.flightboard("filter", "save", "Codex", "--agent", "codex");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("show filter codex");
  await page.keyboard.press("Enter");
  await expect(card(page, "T-1")).toBeHidden();
  await expect(card(page, "T-3")).toBeVisible();
  await expect(bar.getByLabel("Agent")).toHaveValue("codex");

  await bar.getByRole("button", { name: "Remove “Codex”" }).click();
  await expect(bar.getByRole("button", { name: "Save as…" })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(bar.getByLabel("Saved filter")).toHaveValue("Codex");
  expect((await machine.flightboard("filter", "list")).map(({ name }) => name)).toEqual(["Codex", "Hot bugs"]);
});

test("chosen cards are changed together and one Undo gives each its own back", async ({ page, machine }) => {
  await machine.flightboard("add", "One", "--tag", "old", "--priority", "low");
  await machine.flightboard("add", "Two", "--tag", "old", "--tag", "kept", "--assign", "codex");
  await machine.flightboard("add", "Three", "--priority", "high");
  for (const key of ["T-1", "T-2", "T-3"]) {
    await card(page, key).focus();
    await page.keyboard.press("x");
  }
  await expect(page.getByRole("toolbar", { name: "Chosen cards" })).toContainText("3 cards chosen");
  await page.keyboard.press("e");
  await expect(dialog(page).getByRole("status")).toHaveText("Nothing changes yet.");
  await dialog(page).getByLabel("Add tags").fill("new");
  await dialog(page).getByLabel("Take a tag off").selectOption("old");
  await dialog(page).getByLabel("Priority").selectOption("8");
  await dialog(page).getByLabel("Only this agent may start").selectOption("demo");
  await expect(dialog(page).getByRole("status")).toHaveText("3 of 3 will change.");
  await cleanInBoth(page, "belongings-change");
  await page.keyboard.press("Enter");

  const fields = async () =>
    (await machine.flightboard("list"))
      .sort((a, b) => a.id - b.id)
      .map(({ tags, priority, assignee }) => [tags, priority, assignee]);
  await expect.poll(fields).toEqual([
    [["new"], "high", "demo"],
    [["kept", "new"], "high", "demo"],
    [["new"], "high", "demo"],
  ]);
  await page.keyboard.press("Control+z");
  await expect.poll(fields).toEqual([
    [["old"], "low", null],
    [["old", "kept"], "medium", "codex"],
    [[], "high", null],
  ]);

  await machine.flightboard("edit", "1", "3", "--tag", "late", "--due", "2026-12-24", "--parent", "2");
  await expect(card(page, "T-2")).toContainText("0 of 2");
  await machine.flightboard("move", "1", "3", "ready");
  await expect(page.getByTestId("column-ready").getByTestId("card-T-3")).toBeVisible();
});
