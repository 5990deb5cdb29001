// The card's page on the real engine: what an agent does is seen while it does it, and typed into.

import { enter, expect, test } from "./harness.mjs";

const screen = (page) => page.locator(".xterm-rows");

/** A card in a fresh repository, its page open. */
async function openCard(page, machine, title) {
  const folder = await machine.repository("repository");
  await machine.flightboard("project", "add", folder, "--name", "repository");
  const card = await machine.flightboard("add", title, "--project", "repository");
  await page.goto(new URL(`/task/${card.id}`, page.url()).href);
  await expect(page.getByRole("main", { name: title })).toBeVisible();
  return card;
}

const runCommand = (machine, card, ...argv) => machine.flightboard("run", card.key, "--agent", "custom", "--", ...argv);

async function type(page, text) {
  await page.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type(text);
}

test("a card without a run says so and offers one", async ({ page, machine }) => {
  await openCard(page, machine, "Not begun");
  await expect(page.getByText("No run yet")).toBeVisible();
  await expect(page.getByLabel("Message", { exact: true })).toBeDisabled();
});

test("the demo agent's work is seen in every tab without a reload", async ({ page, machine }) => {
  const card = await openCard(page, machine, "Show me around");
  await machine.flightboard("run", card.key, "--agent", "demo", "--wait");
  await expect(screen(page)).toContainText("Landed");
  await expect(page.getByText(/^exited 0/)).toBeVisible();
  await expect(page.getByTestId("task-state")).toHaveText("Review");

  await page.getByRole("tab", { name: /^Log/ }).click();
  await expect(page.getByLabel("Log of run 1")).toContainText("Reading the flight plan");
  await page.getByRole("tab", { name: /^Changes/ }).click();
  await expect(page.getByLabel("Changes in NOTES.md")).toContainText("Show me around");
  await page.getByRole("tab", { name: /^Artifacts/ }).click();
  await page.getByRole("list", { name: "Artifacts" }).getByRole("button", { name: "report.md" }).click();
  await expect(page.getByRole("region", { name: "report.md" })).toContainText("Show me around");
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(page.getByRole("tabpanel")).toContainText("run 1 finished");
  await page.getByRole("tab", { name: /^Runs/ }).click();
  await expect(page.getByRole("listitem", { name: /Run 1, demo.*finished/ })).toContainText("exited 0");
  await page.getByRole("button", { name: "Approve → Done" }).click();
  await expect(page.getByTestId("task-state")).toHaveText("Done");
});

test("keys reach the program, its answer the screen, and the window's size the terminal", async ({ page, machine }) => {
  const card = await openCard(page, machine, "Talk to a shell");
  await runCommand(machine, card, "sh");
  await expect(page.getByTestId("terminal")).toBeVisible();
  await type(page, "echo $((6 * 7))é\n");
  await expect(screen(page)).toContainText("42é");
  await page.setViewportSize({ width: 1000, height: 640 });
  await expect(async () => {
    const [, cols, rows] = /(\d+)×(\d+)/.exec(await page.getByLabel("Terminal", { exact: true }).innerText());
    await type(page, "stty size\n");
    await expect(screen(page)).toContainText(`${rows} ${cols}`, { timeout: 2_000 });
  }).toPass();
});

test("a message from the box is typed with its Enter", async ({ page, machine }) => {
  const card = await openCard(page, machine, "Answer me");
  await runCommand(machine, card, "sh", "-c", 'read line; echo "heard $line"; sleep 60');
  const box = page.getByLabel("Message", { exact: true });
  await expect(box).toBeEnabled();
  await box.fill("go on");
  await box.press("Control+Enter");
  await expect(screen(page)).toContainText("heard go on");
});

test("Stop asks, then ends the agent and says how it ended", async ({ page, machine }) => {
  const card = await openCard(page, machine, "Never ends");
  await runCommand(machine, card, "sleep", "3600");
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Stop/ }).click();
  await expect(page.getByText(/^ended by signal 15/)).toBeVisible();
  await expect(page.getByTestId("task-state")).toHaveText("Ready");
});

test("the terminal is as it was after the server was killed and started again", async ({ page, machine, server }) => {
  const card = await openCard(page, machine, "Outlives the server");
  await runCommand(machine, card, "sh");
  await type(page, "echo before-$((1 + 1))\n");
  await expect(screen(page)).toContainText("before-2");
  await server.stop("SIGKILL");
  await server.start();
  await enter(page, server);
  await page.goto(new URL(`/task/${card.id}`, page.url()).href);
  await expect(screen(page)).toContainText("before-2");
  await type(page, "echo after-$((2 + 2))\n");
  await expect(screen(page)).toContainText("after-4");
});

test("the title and the goal are edited where they stand", async ({ page, machine }) => {
  const card = await openCard(page, machine, "Frist");
  await page.getByRole("button", { name: "Frist", exact: true }).click();
  await page.getByLabel("Title").fill("First");
  await page.getByLabel("Title").press("Enter");
  await expect(page.getByRole("heading", { name: "First" })).toBeVisible();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Description in Markdown").fill("Do **this**.");
  await page.getByLabel("Description in Markdown").press("Control+Enter");
  await expect(page.getByLabel("Facts").locator("strong")).toHaveText("this");
  expect(await machine.flightboard("show", card.key)).toMatchObject({ title: "First" });
});

test("a removed workspace keeps its work, and comes back with it", async ({ page, machine }) => {
  const card = await openCard(page, machine, "Clean up");
  await machine.flightboard("run", card.key, "--agent", "demo", "--wait");
  await page.getByRole("tab", { name: /^Runs/ }).click();
  const run = page.getByRole("listitem", { name: /Run 1, demo/ });
  await run.getByRole("button", { name: "Remove workspace" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove workspace" }).click();
  await expect(run).toContainText("(removed)");
  await expect(run).toContainText("saved work");
  await page.getByRole("tab", { name: /^Artifacts/ }).click();
  await expect(page.getByRole("region", { name: /report.md|chart.svg|data.json/ })).toBeVisible();
  await page.getByRole("tab", { name: /^Runs/ }).click();
  await run.getByRole("button", { name: "Restore workspace" }).click();
  await expect(run).not.toContainText("(removed)");
  await page.getByRole("tab", { name: /^Changes/ }).click();
  await expect(page.getByLabel("Changes in NOTES.md")).toContainText("Clean up");
});

test("a flood of output leaves the page alive and its end on the screen", async ({ page, machine }) => {
  const card = await openCard(page, machine, "Flood");
  await runCommand(machine, card, "sh", "-c", "seq 1 2000000; echo the-very-end; sleep 60");
  await expect(screen(page)).toContainText("the-very-end", { timeout: 45_000 });
  await page.getByRole("tab", { name: /^Log/ }).click();
  await expect(page.getByText("2,000,001 lines")).toBeVisible();
  await page.getByLabel("Search the whole log").fill("1234567");
  await page.getByLabel("Search the whole log").press("Enter");
  await expect(page.getByLabel("Log of run 1")).toContainText("1234567");
});
