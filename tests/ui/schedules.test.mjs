// Schedules in a browser against the real engine: what is typed is shown as times before it is saved, and what a
// schedule makes is a card.

import { clean } from "./clean.mjs";
import { expect, test } from "./harness.mjs";

const row = (page, name) => page.getByTestId(`schedule-${name}`);
const meaning = (page) => page.getByRole("status", { name: "What this means" });

/** Past the first-run page, by the rail. */
async function openSchedules(page) {
  await page.goto(new URL("/agents", page.url()).href);
  await page.getByRole("link", { name: "Schedules" }).click();
}

test("a schedule from its first word to its first card, by keyboard", async ({ page, machine }) => {
  await openSchedules(page);
  await expect(page.getByText("No schedule yet.")).toBeVisible();
  await page.getByRole("button", { name: "New schedule" }).press("Enter");
  await page.keyboard.type("standup");
  await page.keyboard.press("Tab");
  await page.keyboard.type("every weekday at");
  await expect(meaning(page)).toContainText("is not understood");
  await page.keyboard.type(" 9");
  await page.keyboard.press("Tab");
  await page.getByLabel("Time zone").fill("berlin");
  await expect(meaning(page)).toContainText("did you mean Europe/Berlin?");
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  await page.getByLabel("Title of its cards").fill("Standup report");
  await expect(meaning(page)).toContainText("At 09:00, on Monday to Friday");
  await expect(meaning(page).getByRole("listitem")).toHaveCount(5);
  await expect(meaning(page).getByRole("listitem").first()).toContainText(/, 09:00 GMT\+[12]Standup report 20\d\d-/);
  await page.keyboard.press("Control+Enter");
  await expect(row(page, "standup")).toContainText("At 09:00, on Monday to Friday Europe/Berlin");
  await expect(row(page, "standup")).toContainText("No card yet");
  // The template is no card.
  expect(await machine.flightboard("list")).toEqual([]);

  await page.getByRole("button", { name: "Run now standup" }).click();
  await expect(row(page, "standup")).toContainText("Last card T-1 in the inbox");
  const [card] = await machine.flightboard("list");
  expect(card.title).toMatch(/^Standup report 20\d\d-\d\d-\d\d$/);
  await row(page, "standup").getByRole("button", { name: "T-1" }).click();
  await expect(page).toHaveURL(/\/task\/1/);
});

test("paused, removed and brought back, here and at the other door", async ({ page, machine }) => {
  const made = await machine.flightboard(
    ...["cron", "create", "--name", "audit", "--schedule", "first Monday monthly", "--title", "Audit"],
    ...["--zone", "UTC", "--overlap", "queue"],
  );
  expect(made).toMatchObject({ cron: "0 0 * * 1#1", title: "Audit {date}", overlap: "queue", paused: false });
  await openSchedules(page);
  await expect(row(page, "audit")).toContainText("on the 1st Monday of the month");
  await page.getByRole("button", { name: "Pause audit" }).click();
  await expect(row(page, "audit")).toContainText("Paused");
  expect((await machine.flightboard("cron", "list"))[0].paused).toBe(true);
  await machine.flightboard("cron", "resume", "audit");
  await expect(row(page, "audit")).not.toContainText("Paused");
  await page.getByRole("button", { name: "Remove audit" }).click();
  await expect(page.getByText("No schedule yet.")).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(row(page, "audit")).toBeVisible();
});

for (const theme of ["dark", "light"]) {
  test(`the page and its dialog are accessible in ${theme}`, async ({ page, machine }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    for (const [name, when] of [
      ["daily report", "every weekday at 9"],
      ["probe of the staging machine, whose name is long enough to meet the time at the right", "every 15 minutes"],
      ["monthly audit", "last working day of the month at 17"],
    ]) {
      await machine.flightboard("cron", "create", "--name", name, "--schedule", when, "--title", name);
    }
    await machine.flightboard("cron", "run", "daily report");
    await machine.flightboard("cron", "pause", "monthly audit");
    await openSchedules(page);
    await expect(row(page, "daily report")).toContainText("Last card T-1");
    await clean(page, `schedules-list-${theme}`);
    await page.getByRole("button", { name: "Edit daily report" }).click();
    await expect(meaning(page).getByRole("listitem")).toHaveCount(5);
    await clean(page, `schedules-dialog-${theme}`);
  });
}
