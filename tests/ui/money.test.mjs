// Models, prices, costs, budgets and sharing in a browser against the real engine: what is typed is what the engine has
// afterwards and what the form shows on the next visit; what is wrong is said at its box and changes nothing.

import { clean } from "./clean.mjs";
import { test as base, expect } from "./harness.mjs";

const test = base.extend({
  page: async ({ page }, use) => {
    await page.getByRole("button", { name: "Skip to the board" }).click();
    await expect(page.getByTestId("column-inbox")).toBeVisible();
    await use(page);
  },
});

const form = (page, name) => page.getByRole("form", { name });

/** No violation that axe knows of; the picture of what is in sight is there to be looked at. */
async function cleanThere(page, theme, name, inSight) {
  await inSight.scrollIntoViewIfNeeded();
  await page.evaluate((to) => document.documentElement.setAttribute("data-theme", to), theme);
  await clean(page, `money-${name}-${theme}`);
}

test("the day's budget and the price table are kept as typed", async ({ page, machine }) => {
  await page.goto(new URL("/queue", page.url()).href);
  const money = form(page, "Money");
  const day = money.getByRole("group", { name: "All runs of a day" });
  const save = money.getByRole("button", { name: "Save money rules" });

  await day.getByLabel("US dollars").fill("-1");
  await expect(day.getByRole("alert")).toHaveText("a budget cannot be negative");
  await save.click();
  await expect(day.getByLabel("US dollars")).toBeFocused();
  expect((await machine.flightboard("policy")).daily.micros).toBeNull();

  await day.getByLabel("US dollars").fill("12.50");
  await day.getByLabel("Tokens").fill("3000000");
  await day.getByLabel("Minutes at work").fill("90");
  await day.getByLabel("Warn at, in per cent").fill("60");
  await day.getByLabel("When it is used up").selectOption("ask");
  // By keyboard from here.
  await money.getByRole("button", { name: "Price" }).focus();
  await page.keyboard.press("Enter");
  await money.getByLabel("Model or agent 1").fill("gpt-5-codex");
  await page.keyboard.press("Tab");
  await page.keyboard.type("1.25");
  await page.keyboard.press("Tab");
  await page.keyboard.type("-10");
  await expect(money.getByRole("alert")).toHaveText("a price cannot be negative");
  await cleanThere(page, "dark", "wrong", save);
  await cleanThere(page, "light", "wrong", save);
  await money.getByLabel("Out, price 1").fill("10");
  await money.getByLabel("Out, price 1").press("Enter");
  await expect(page.getByText("The day’s budget and the prices are saved.")).toBeVisible();

  const { daily, prices } = await machine.flightboard("policy");
  expect(daily).toEqual({ micros: 12_500_000, tokens: 3_000_000, wall: 5_400_000, warn_at: 0.6, at_limit: "ask" });
  expect(prices).toEqual({ "gpt-5-codex": { input: 1_250_000, output: 10_000_000, cache_read: 0, cache_write: 0 } });
  await page.reload();
  await expect(day.getByLabel("US dollars")).toHaveValue("12.5");
  await expect(day.getByLabel("Minutes at work")).toHaveValue("90");
  await expect(money.getByLabel("Out, price 1")).toHaveValue("10");
  await money.getByRole("button", { name: "Remove price 1" }).click();
  await save.click();
  await expect.poll(async () => (await machine.flightboard("policy")).prices).toEqual({});
});

test("models by phase, an agent's cost and sharing by tags are kept, each form for itself", async ({
  page,
  machine,
}) => {
  await page.goto(new URL("/queue", page.url()).href);
  const models = form(page, "Models");
  await models.getByLabel("Models of a further agent").selectOption("claude");
  const claude = page.getByTestId("models-claude");
  await claude.getByLabel("To review").fill("opus");
  await claude.getByLabel("For routine cards").fill("haiku");
  await claude.getByLabel("Cost, $ for a million tokens").fill("x");
  await expect(claude.getByRole("alert")).toHaveText("A number, or nothing.");
  await claude.getByLabel("Cost, $ for a million tokens").fill("3");

  // Saving another form leaves what was typed here.
  const sharing = form(page, "Sharing");
  await sharing.getByLabel("Places are shared between").selectOption("tags");
  await sharing.getByRole("button", { name: "Tag" }).click();
  await page.keyboard.type("team a");
  await page.keyboard.press("Enter");
  await page.keyboard.type("bad,tag");
  await expect(sharing.getByRole("alert")).toContainText("“bad,tag” is not a tag");
  await page.getByRole("textbox", { name: "Tag 2" }).fill("team-b");
  await sharing.getByRole("button", { name: "Save sharing" }).click();
  await expect.poll(async () => (await machine.flightboard("policy")).share_by_tags).toEqual(["team a", "team-b"]);
  await expect(claude.getByLabel("To review")).toHaveValue("opus");
  for (const theme of ["dark", "light"])
    await cleanThere(page, theme, "rules", models.getByRole("button", { name: "Save models" }));

  await models.getByRole("button", { name: "Save models" }).click();
  await expect(page.getByText("The models are saved.")).toBeVisible();
  const kept = await machine.flightboard("policy");
  expect(kept.models.claude).toMatchObject({ review: "opus", routine: "haiku" });
  expect(kept.costs).toEqual({ claude: 3_000_000 });
  expect(kept.share_by_tags).toEqual(["team a", "team-b"]);
  await page.reload();
  await expect(claude.getByLabel("To review")).toHaveValue("opus");
  await claude.getByRole("button", { name: "Remove the models of Claude Code" }).click();
  await models.getByRole("button", { name: "Save models" }).click();
  await expect.poll(async () => (await machine.flightboard("policy")).models).toEqual({});
});

test("a project's day, its cards' budget and its inbox's rule are kept", async ({ page, machine }) => {
  const repository = await machine.repository("shop");
  await machine.flightboard("project", "add", repository);
  await page.goto(new URL("/projects", page.url()).href);
  const project = page.getByTestId("project-shop");
  await project.getByRole("button", { name: "Settings" }).click();
  const day = project.getByRole("group", { name: "All its runs of a day" });
  const card = project.getByRole("group", { name: "Each card, over all its runs" });
  await day.getByLabel("US dollars").fill("20");
  await card.getByLabel("Tokens").fill("many");
  await project.getByLabel("A person looks through the inbox first").check();
  await project.getByRole("button", { name: "Save", exact: true }).click();
  await expect(card.getByLabel("Tokens")).toBeFocused();
  await expect(card.getByRole("alert")).toHaveText("A whole number, or nothing.");
  for (const theme of ["dark", "light"])
    await cleanThere(page, theme, "project", card.getByLabel("When it is used up"));
  await card.getByLabel("Tokens").fill("400000");
  await project.getByRole("button", { name: "Save", exact: true }).click();
  await expect(day).toBeHidden();
  const [{ settings }] = await machine.flightboard("project", "list");
  expect(settings).toMatchObject({
    triage: true,
    budget: { micros: 20_000_000, at_limit: "stop" },
    task_budget: { tokens: 400_000 },
  });
  await project.getByRole("button", { name: "Settings" }).click();
  await expect(card.getByLabel("Tokens")).toHaveValue("400000");
});
