// The trash in a browser against the real engine: a card is brought back or deleted for ever, and before
// anything goes the page says what.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./harness.mjs";

/** Past the first-run page, by the rail. */
async function openTrash(page) {
  await page.goto(new URL("/agents", page.url()).href);
  await page.getByRole("link", { name: "Trash" }).click();
}

const cards = (page) => page.getByRole("list", { name: "Deleted cards" }).getByRole("listitem");

test("a card is deleted for ever with what it left, and the rest of the trash after it", async ({ page, machine }) => {
  const script = "mkdir -p artifacts; echo kept > artifacts/report.md";
  await machine.flightboard("add", "Gone for good");
  await machine.flightboard("run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", script);
  for (const title of ["Still needed", "Second thoughts", "Rubbish"]) await machine.flightboard("add", title);
  await machine.flightboard("depend", "3", "--on", "2");
  for (const id of ["1", "2", "4"]) await machine.flightboard("trash", "put", id);
  await openTrash(page);
  await expect(cards(page)).toHaveCount(3);
  await expect(page.getByText("After 30 days here they are deleted for ever.")).toBeVisible();

  await page.getByRole("button", { name: "Delete for ever T-1" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("“Gone for good” goes, and with it the output of 1 run and 1 artifact.");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(cards(page)).toHaveCount(3);
  await page.getByRole("button", { name: "Delete for ever T-1" }).click();
  await dialog.getByRole("button", { name: "Delete for ever" }).click();
  await expect(cards(page)).toHaveCount(2);
  await expect(cards(page).filter({ hasText: "Gone for good" })).toHaveCount(0);
  expect(existsSync(join(machine.data, "runs", "1"))).toBe(false);
  const contents = readdirSync(join(machine.data, "artifacts"), { recursive: true, withFileTypes: true });
  expect(contents.filter((entry) => entry.isFile())).toEqual([]);

  await page.getByRole("button", { name: "Empty trash (2)" }).click();
  await expect(dialog).toContainText(/T-[24] “.*”, T-[24] “.*”\. They cannot be brought back\./);
  await dialog.getByRole("button", { name: "Delete 2 cards" }).click();
  await expect(page.getByText("T-2 stays: T-2 is what T-3 waits for")).toBeVisible();
  await expect(cards(page)).toHaveCount(1);
  await page.getByRole("button", { name: "Restore T-2" }).click();
  await expect(page.getByText("The trash is empty.")).toBeVisible();
  expect((await machine.flightboard("list")).map((card) => card.key).sort()).toEqual(["T-2", "T-3"]);
  await page.goto(new URL("/task/1", page.url()).href);
  await expect(page.getByText("T-1 was deleted")).toBeVisible();
});

test("how long cards stay in the trash is a preference", async ({ page }) => {
  await openTrash(page);
  await page.getByRole("link", { name: "Settings" }).click();
  const days = page.getByLabel("Days in the trash until a card is deleted for ever");
  await expect(days).toHaveValue("30");
  await days.fill("-1");
  await days.press("Enter");
  await expect(page.getByText("0 to 3,650 days.")).toBeVisible();
  await days.fill("0");
  await days.press("Enter");
  await page.getByRole("link", { name: "Trash" }).click();
  await expect(page.getByText("They stay here until you delete them.")).toBeVisible();
});
