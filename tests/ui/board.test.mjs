// The board in a browser against the real engine: what a person does with cards, by hand and by keys, and what they see
// of the agent that follows.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "./harness.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const card = (page, id) => page.getByTestId(`card-T-${id}`);
const column = (page, name) => page.getByTestId(`column-${name}`);
const cardIn = (page, name, id) => column(page, name).getByTestId(`card-T-${id}`);

/** A board with a project and these cards, in the inbox unless the case says otherwise; ids count from 1. */
async function boardWith(page, machine, ...cards) {
  await machine.repository("parser");
  await machine.flightboard("project", "add", `${machine.folder}/parser`);
  for (const [id, { title, column: to = "inbox", description = "" }] of cards.entries()) {
    await machine.flightboard("add", title, "--project", "parser", "--description", description);
    if (to !== "inbox") await machine.flightboard("move", `T-${id + 1}`, to);
  }
  await page.goto(new URL("/", page.url()).href);
  await expect(page.getByTestId("column-inbox")).toBeVisible();
  if (cards.length > 0) await expect(card(page, cards.length)).toBeVisible();
}

/** Carries the card by its upper left part into the middle of the column. */
async function dragTo(page, id, name) {
  const from = await card(page, id).boundingBox();
  const to = await column(page, name).boundingBox();
  await page.mouse.move(from.x + 30, from.y + 15);
  await page.mouse.down();
  await page.mouse.move(from.x + 50, from.y + 25, { steps: 4 });
  await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 8 });
  await page.mouse.up();
}

async function startDemo(page, how = "Unattended") {
  const picker = page.getByRole("dialog", { name: /^Run / });
  await picker.getByText("Demo", { exact: false }).first().click();
  await picker.getByText(how).click();
  await picker.getByRole("button", { name: /^Start/ }).click();
}

/** A demo agent that asks, and so stays until it is answered or stopped. */
const ASKS = "demo: ask";

async function noViolations(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

test("from the first start to a finished card without typing anything", async ({ page }) => {
  await expect(page.getByRole("heading", { name: "Cards that agents work on" })).toBeVisible();
  await expect(page.getByTestId("agent-demo")).toContainText("found");
  await noViolations(page);
  await page.getByRole("button", { name: "Watch the demo agent" }).click();
  await expect(page).toHaveURL(/\/task\/1/);
  await page.goto(new URL("/", page.url()).href);
  await expect(cardIn(page, "review", 1)).toContainText("ready");
  await expect(cardIn(page, "review", 1)).toContainText("artifact");
});

test("a card dragged to In flight asks for an agent, flies, and comes back with its work", async ({
  page,
  machine,
}) => {
  await boardWith(page, machine, { title: "Write notes", column: "ready" });
  await dragTo(page, 1, "in_progress");
  await startDemo(page);
  await expect(cardIn(page, "in_progress", 1).or(cardIn(page, "review", 1))).toBeVisible();
  await expect(cardIn(page, "review", 1)).toContainText(/\+\d+/);
  await dragTo(page, 1, "done");
  await expect(cardIn(page, "done", 1)).toBeVisible();
  await expect(page.getByTestId("count-done")).toHaveText("1");
});

test("a card dragged to a full Review goes back and says why; one dragged to a full flight does too", async ({
  page,
  machine,
}) => {
  await boardWith(page, machine, { title: "Fills it", column: "ready" }, { title: "Finds no place", column: "ready" });
  await machine.flightboard("move", "1", "review");
  await machine.flightboard("policy", "--review", "1", "--parallel", "1");
  await dragTo(page, 2, "review");
  await expect(page.getByRole("alert")).toContainText("1 of 1 in Review");
  await expect(cardIn(page, "ready", 2)).toBeVisible();
  expect((await machine.flightboard("show", "2")).status).toBe("ready");

  await machine.flightboard("run", "1", "--agent", "custom", "--", "sh", "-c", "read line");
  await dragTo(page, 2, "in_progress");
  await startDemo(page);
  await expect(page.getByText(/1 of 1 in flight/).first()).toBeVisible();
  await expect(cardIn(page, "ready", 2)).toBeVisible();
  expect((await machine.flightboard("show", "2")).runs).toEqual([]);
});

test("leaving the picker starts nothing and the card stays", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "Not yet", column: "ready" });
  await dragTo(page, 1, "in_progress");
  await expect(page.getByRole("dialog", { name: "Run T-1 with…" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(cardIn(page, "ready", 1)).toBeVisible();
  expect((await machine.flightboard("show", "T-1")).runs ?? []).toHaveLength(0);
});

test("a program that does not exist puts the card back and says so", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "Impossible", column: "ready" });
  await card(page, 1).focus();
  await page.keyboard.press("r");
  const picker = page.getByRole("dialog", { name: /^Run / });
  await picker.getByText("Custom command").click();
  await picker.getByRole("textbox", { name: "Command" }).fill("no-such-program-anywhere --now");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("T-1 did not start");
  await expect(cardIn(page, "ready", 1)).toBeVisible();
});

test("dragging a live card out asks before the agent is stopped", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "Long work", column: "ready", description: ASKS });
  await card(page, 1).focus();
  await page.keyboard.press("r");
  await startDemo(page, "Interactive");
  await expect(cardIn(page, "in_progress", 1)).toContainText("needs you");

  await dragTo(page, 1, "ready");
  const question = page.getByRole("dialog", { name: "Stop the agent?" });
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(cardIn(page, "in_progress", 1)).toContainText("needs you");

  await dragTo(page, 1, "ready");
  await question.getByRole("button", { name: "Stop and move to Ready" }).click();
  await expect(cardIn(page, "ready", 1)).toBeVisible();
  await expect.poll(async () => (await machine.flightboard("show", "T-1")).status).toBe("ready");
});

test("the amber button leads to the card that needs a person", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "Quiet" }, { title: "Asks", column: "ready", description: ASKS });
  await card(page, 2).focus();
  await page.keyboard.press("r");
  await startDemo(page, "Interactive");
  await page.getByRole("button", { name: "1 needs you" }).click();
  await expect(card(page, 2)).toBeFocused();
});

test("keys alone: write a card, walk, lift, move, choose, undo", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "One" }, { title: "Two" });
  await page.keyboard.press("c");
  await page.getByRole("dialog", { name: "New card" }).waitFor();
  await page.keyboard.type("Three");
  await page.keyboard.press("Control+Enter");
  await expect(card(page, 3)).toBeFocused();

  await page.keyboard.press("ArrowUp");
  await expect(card(page, 2)).toBeFocused();
  await page.keyboard.press("Space");
  await expect(page.getByText("T-2 is over Inbox.")).toBeAttached();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByText("T-2 is over Ready.")).toBeAttached();
  await page.keyboard.press("Space");
  await expect(cardIn(page, "ready", 2)).toBeVisible();

  await card(page, 1).focus();
  await page.keyboard.press("m");
  await page.getByRole("dialog", { name: "Move T-1 to…" }).waitFor();
  await page.keyboard.press("5");
  await expect(cardIn(page, "done", 1)).toBeFocused();
  await page.keyboard.press("Control+z");
  await expect(cardIn(page, "inbox", 1)).toBeVisible();

  await card(page, 1).focus();
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("x");
  await expect(page.getByRole("toolbar", { name: "Chosen cards" })).toContainText("2 cards chosen");
  await page.keyboard.press("Delete");
  await expect(column(page, "inbox").getByRole("option")).toHaveCount(0);
  await page.getByRole("status").filter({ hasText: "2 cards deleted." }).getByRole("button", { name: "Undo" }).click();
  await expect(column(page, "inbox").getByRole("option")).toHaveCount(2);
});

test("a deleted card waits in the trash until it is restored", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "Thrown away", column: "ready" });
  await card(page, 1).focus();
  await page.keyboard.press("Delete");
  await expect(card(page, 1)).toHaveCount(0);
  await page.getByRole("link", { name: "Trash" }).click();
  await expect(page.getByRole("list", { name: "Deleted cards" })).toContainText("Thrown away");
  await noViolations(page);
  await page.getByRole("button", { name: "Restore T-1" }).click();
  await expect(page.getByText("The trash is empty.")).toBeVisible();
  await page.getByRole("link", { name: /^Board/ }).click();
  await expect(cardIn(page, "ready", 1)).toBeVisible();
});

test("an inbox card is not taken into Review, and the board says why", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "Untouched" });
  await dragTo(page, 1, "review");
  await expect(page.getByText("T-1 cannot move from Inbox to Review.")).toBeVisible();
  await expect(cardIn(page, "inbox", 1)).toBeVisible();
});

test("quick add takes card after card, and the engine's refusal stays in the box", async ({ page, machine }) => {
  await boardWith(page, machine);
  await page.getByRole("button", { name: "Add a card to Inbox" }).click();
  const box = page.getByRole("textbox", { name: "New card in Inbox" });
  for (const title of ["First", "Second"]) {
    await box.fill(title);
    await box.press("Enter");
  }
  await expect(column(page, "inbox").getByRole("option")).toHaveCount(2);
  await box.fill("x".repeat(501));
  await box.press("Enter");
  await expect(page.getByRole("alert")).toContainText("501 characters; 500 is the most");
  await expect(column(page, "inbox").getByRole("option")).toHaveCount(2);
});

test("search and project live in the address and survive a reload", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "Fix the lexer" }, { title: "Paint the shed" });
  await page.keyboard.press("/");
  await page.keyboard.type("lexer");
  await expect(card(page, 2)).toHaveCount(0);
  await expect(card(page, 1)).toBeVisible();
  await page.reload();
  await expect(card(page, 1)).toBeVisible();
  await expect(card(page, 2)).toHaveCount(0);
  await expect(page.getByRole("searchbox")).toHaveValue("lexer");
  await page.getByRole("searchbox").press("Escape");
  await expect(card(page, 2)).toBeVisible();
});

test("what another door changes shows at once", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "Watched" });
  await machine.flightboard("move", "T-1", "ready");
  await expect(cardIn(page, "ready", 1)).toBeVisible();
  await machine.flightboard("add", "From the command line");
  await expect(cardIn(page, "inbox", 2)).toContainText("From the command line");
});

test("projects: a folder that is none is refused, a good one is added, set up and removed", async ({
  page,
  machine,
}) => {
  await boardWith(page, machine);
  const website = await machine.repository("website");
  await page.getByRole("link", { name: "Add, change…" }).click();
  const path = page.getByRole("textbox", { name: "Folder of a project" });
  await path.fill(`${machine.folder}/nothing-here`);
  await page.getByRole("button", { name: "Add project" }).click();
  await expect(page.getByRole("alert")).not.toBeEmpty();
  await path.fill(website);
  await page.getByRole("button", { name: "Add project" }).click();

  const row = page.getByTestId("project-website");
  await row.getByRole("button", { name: "Settings" }).click();
  await row.getByRole("textbox", { name: "Setup command", exact: true }).fill('sh -c "echo ready"');
  await row.getByRole("button", { name: "Save" }).click();
  await expect(row.getByRole("button", { name: "Save" })).toHaveCount(0);
  await page.reload();
  await row.getByRole("button", { name: "Settings" }).click();
  await expect(row.getByRole("textbox", { name: "Setup command", exact: true })).toHaveValue('sh -c "echo ready"');
  await noViolations(page);

  await row.getByRole("button", { name: "Remove…" }).click();
  await page.getByRole("button", { name: "Remove project" }).click();
  await expect(row).toHaveCount(0);
});

test("the theme is kept, and no screen has an accessibility violation in either", async ({ page, machine }) => {
  await boardWith(page, machine, { title: "A card" }, { title: "Another", column: "ready" });
  for (const theme of ["Light", "Dark"]) {
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByRole("combobox", { name: "Theme" }).selectOption(theme);
    await expect(page.locator("html")).toHaveAttribute("data-theme", theme.toLowerCase());
    await noViolations(page);
    await page.getByRole("link", { name: "Add, check…" }).click();
    await expect(page.getByTestId("agent-demo")).toBeVisible();
    await noViolations(page);
    await page.getByRole("link", { name: /^Board/ }).click();
    await expect(card(page, 1)).toBeVisible();
    await noViolations(page);
    await page.keyboard.press("c");
    await page.getByRole("dialog").waitFor();
    await noViolations(page);
    await page.keyboard.press("Escape");
    await card(page, 2).focus();
    await page.keyboard.press("r");
    await page.getByRole("dialog").waitFor();
    await noViolations(page);
    await page.keyboard.press("Escape");
  }
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("the page survives the engine going away and says so", async ({ page, machine, server }) => {
  await boardWith(page, machine, { title: "Still readable" });
  await server.stop("SIGKILL");
  await expect(page.getByText("connecting…")).toBeVisible();
  await expect(card(page, 1)).toBeVisible();
  await card(page, 1).focus();
  await page.keyboard.press("d");
  await expect(page.getByRole("alert")).toContainText("The engine does not answer.");
  await expect(cardIn(page, "inbox", 1)).toBeVisible();
});
