// An agent asks through its tools and a person answers in the browser: on the card's page, over the board, by keys, by
// one of the answers that the agent offers. The agent is a real process that waits for the answer.

import { fileURLToPath } from "node:url";
import { program } from "../../src-tauri/setup/build.mjs";
import { cleanInBoth } from "./clean.mjs";
import { test as base, enter, expect } from "./harness.mjs";

const AGENT = fileURLToPath(new URL("asking-agent.mjs", import.meta.url));

const test = base.extend({
  page: async ({ page }, use) => {
    await page.getByRole("button", { name: "Skip to the board" }).click();
    await expect(page.getByTestId("column-inbox")).toBeVisible();
    await use(page);
  },
});

async function asks(page, machine, title, question, ...options) {
  const { key } = await machine.flightboard("add", title);
  const agent = [process.execPath, AGENT, program("flightboard"), question, ...options];
  await machine.flightboard("run", key, "--agent", "custom", "--", ...agent);
  const card = page.getByTestId(`card-${key}`);
  await expect(card).toContainText("asks: ");
  return card;
}

test("a question is answered by keys over the board, and the agent hears it word for word", async ({
  page,
  machine,
}) => {
  const card = await asks(page, machine, "Paint it", "Which **colour** shall it have?\n\nI would take blue.");
  await expect(page.getByTestId("need-you")).toHaveText("1 needs you");
  await card.focus();
  await page.keyboard.press("a");
  const dialog = page.getByRole("dialog", { name: "T-1 Paint it" });
  await expect(dialog.locator("strong")).toHaveText("colour");
  await expect(dialog.getByLabel("Your answer")).toBeFocused();
  await expect(dialog.getByRole("button", { name: "Answer" })).toBeDisabled();
  await cleanInBoth(page, "answers-board");
  await page.keyboard.type("blue,");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("but dark");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("need-you")).toBeHidden();
  await expect(page.getByTestId("column-review").getByTestId("card-T-1")).toBeVisible();
  await page.getByTestId("card-T-1").press("Enter");
  await expect(page.locator(".xterm-rows")).toContainText(String.raw`heard "blue,\nbut dark"`);
});

test("on the card’s page an offered answer is one click, and what fails is said and kept", async ({
  page,
  machine,
  server,
}) => {
  const card = await asks(page, machine, "Ship it", "Is it ready?", "Ship it", "Wait for the *review*");
  await card.press("Enter");
  const form = page.getByRole("form", { name: "Answer" });
  await expect(form).toContainText("custom needs you");
  await expect(form.getByText("Is it ready?", { exact: true })).toBeVisible();
  await cleanInBoth(page, "answers-page");
  await page.getByRole("tab", { name: "Timeline" }).focus();
  await page.keyboard.press("a");
  await expect(form.getByLabel("Your answer")).toBeFocused();
  await page.keyboard.type("later");
  await server.stop();
  await page.keyboard.press("Enter");
  await expect(form.getByRole("alert")).toContainText("The engine does not answer.");
  await expect(form.getByLabel("Your answer")).toHaveValue("later");
  await server.start();
  await enter(page, server);
  await page.getByTestId("card-T-1").press("Enter");
  await form.getByRole("button", { name: "Wait for the *review*" }).click();
  await expect(form).toBeHidden();
  await page.getByRole("tab", { name: "Terminal" }).click();
  await expect(page.locator(".xterm-rows")).toContainText('heard "Wait for the *review*"');
  const { comments } = await machine.flightboard("show", "1");
  expect(comments.at(-1)).toMatchObject({ author: "you", body: "Wait for the *review*" });
});

test("a question in the terminal is answered over the board as well", async ({ page, machine }) => {
  const { key } = await machine.flightboard("add", "Choose", "--description", "demo: ask");
  await machine.flightboard("run", key, "--agent", "demo", "--interactive");
  const card = page.getByTestId(`card-${key}`);
  await expect(card).toContainText("needs you");
  await card.getByText("Answer", { exact: true }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("Which colour shall the chart have?");
  await cleanInBoth(page, "answers-terminal");
  await dialog.getByLabel("Your answer").fill("green");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await card.press("Enter");
  await expect(page.locator(".xterm-rows")).toContainText("green");
});
