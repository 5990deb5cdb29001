// A person is called in the browser, by the card's name and on any page, and lets things go on with one click: a
// project that was paused, a workflow that was stopped. Against the real engine.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { clean } from "./clean.mjs";
import { test as base, expect } from "./harness.mjs";

/** Past the welcome page; with the project `shop`, whose agent fails on cards that say so until it is mended. */
const test = base.extend({
  page: async ({ page, machine }, use) => {
    await page.getByRole("button", { name: "Skip to the board" }).click();
    const program = join(machine.folder, "worker");
    const fails = 'grep -q Fails TASK.md && ! test -e "$FLIGHTBOARD_RUN_DIR/../../mended" && exit 3';
    const script = `#!/bin/sh\n[ "$1" = --version ] && exit\n${fails}\necho done > COMPLETION.md\n`;
    writeFileSync(program, script, { mode: 0o755 });
    await machine.flightboard("agents", "register", "worker", "--program", program, "--retry", "0");
    const repository = await machine.repository("shop");
    await machine.flightboard("project", "add", repository, "--name", "shop");
    await machine.flightboard("project", "policy", "shop", "--dispatch", "true", "--agents", "worker");
    await use(page);
  },
});

const card = (page, key) => page.getByTestId(`card-${key}`);
const messages = (page) => page.getByRole("region", { name: "Messages" });

test("a card that fails calls by its name, its project waits, and both go on with a click", async ({
  page,
  machine,
}) => {
  await machine.flightboard("project", "policy", "shop", "--escalate", "1", "--pause-then", "true");
  await page.getByRole("link", { name: /^Schedules/ }).click();
  await machine.flightboard("add", "Fails at once", "--project", "shop", "--queue");
  await expect(messages(page)).toContainText("T-1 Fails at once");
  await expect(messages(page)).toContainText("Needs you: it failed: an exit with an error");
  await expect(page.getByRole("button", { name: /1 needs? you/ })).toBeVisible();

  await messages(page).getByRole("button", { name: "Open" }).click();
  await page.getByRole("tab", { name: /^Queue/ }).click();
  await expect(page.getByText("You were called: it failed: an exit with an error")).toBeVisible();
  await machine.flightboard("add", "Waits", "--project", "shop", "--queue");
  expect((await machine.flightboard("plan", "2")).waits[0].why).toContain("project paused: T-1 needs you");

  writeFileSync(join(machine.data, "mended"), "");
  await page.getByRole("button", { name: "Back to the board (Esc)" }).click();
  await page.getByRole("link", { name: /^Add, change/ }).click();
  const project = page.getByTestId("project-shop");
  await expect(project).toContainText("Paused: T-1 needs you");
  await project.getByRole("button", { name: "Resume shop" }).click();
  await expect(project).not.toContainText("Paused:");
  await page.getByRole("link", { name: /^Board/ }).click();
  await expect(page.getByTestId("column-review").getByTestId("card-T-2")).toBeVisible();
});

for (const theme of ["dark", "light"]) {
  test(`a stopped workflow tells how far it came and is resumed in ${theme}`, async ({ page, machine }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await machine.flightboard("project", "policy", "shop", "--stop-workflow", "1");
    await machine.flightboard("add", "Build", "--project", "shop", "--queue");
    await expect(page.getByTestId("column-review").getByTestId("card-T-1")).toBeVisible();
    await machine.flightboard("approve", "1");
    await machine.flightboard("add", "Fails", "--project", "shop", "--queue", "--after", "1");
    await expect(page.getByTestId("column-failed").getByTestId("card-T-2").or(card(page, "T-2"))).toBeAttached();
    await page.getByRole("link", { name: /^Failed/ }).click();
    await expect(card(page, "T-2")).toContainText("its workflow was stopped after a failure; 1 of 2 cards is done");
    await clean(page, `calls-card-${theme}`);
    await card(page, "T-2").press("Enter");
    await page.getByRole("tab", { name: /^Queue/ }).click();
    const workflow = page.getByRole("region", { name: "Workflow" });
    await expect(workflow).toContainText("1 of 2 cards done, 1 failed");
    await clean(page, `calls-workflow-${theme}`);

    writeFileSync(join(machine.data, "mended"), "");
    await workflow.getByRole("button", { name: "Resume the workflow" }).click();
    await expect(page.getByTestId("task-state")).toHaveText("Review");
    await expect(workflow.getByRole("button")).toHaveCount(0);
  });
}
