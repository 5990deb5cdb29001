// The queue in a browser against the real engine: queued cards start by themselves, a card that waits says why on its
// face, work comes back with what was said about it, and the shelf gives back what failed.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clean } from "./clean.mjs";
import { test as base, expect } from "./harness.mjs";

/** Past the welcome page, which a machine without a project begins with. */
const test = base.extend({
  page: async ({ page }, use) => {
    await page.getByRole("button", { name: "Skip to the board" }).click();
    await expect(page.getByTestId("column-inbox")).toBeVisible();
    await use(page);
  },
});

const column = (page, name) => page.getByTestId(`column-${name}`);
const card = (page, key) => page.getByTestId(`card-${key}`);
const dialog = (page) => page.getByRole("dialog");

/** Holds a place until it is stopped. */
const hold = (machine, id) =>
  machine.flightboard("run", id, "--agent", "custom", "--", "sh", "-c", "echo here; read line");

test("queued with a key, a card waits with its reason on it, then starts by itself and comes back", async ({
  page,
  machine,
}) => {
  await machine.flightboard("policy", "--agents", "demo", "--parallel", "1");
  await machine.flightboard("add", "Holds the only place");
  await machine.flightboard("add", "Write a note");
  await machine.flightboard("add", "Waits for the note");
  await hold(machine, "1");
  await expect(page.getByTestId("queue-switch")).toContainText("1 of 1 in flight");

  await card(page, "T-2").focus();
  await page.keyboard.press("q");
  await expect(column(page, "ready").getByTestId("card-T-2")).toContainText("waiting: 1 of 1 in flight, next");
  await expect(card(page, "T-2")).toContainText("queued");

  // What it waits for is chosen on its page, by keyboard.
  await card(page, "T-3").focus();
  await page.keyboard.press("q");
  await expect(column(page, "ready").getByTestId("card-T-3")).toContainText("number 2 of 2");
  await card(page, "T-3").press("Enter");
  await expect(page.getByTestId("task-page")).toBeVisible();
  await page.keyboard.press("7");
  await expect(page.getByTestId("queue-why")).toContainText("waiting: 1 of 1 in flight, number 2 of 2");
  await page.getByLabel("Wait for a card").fill("write note");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("list", { name: "Waits for" })).toContainText("T-2 Write a note");
  await expect(page.getByTestId("queue-why")).toContainText("blocked by T-2, which has not started");
  await page.getByRole("button", { name: "Back to the board (Esc)" }).click();
  await expect(card(page, "T-3")).toContainText("blocked by T-2, which has not started");

  // Nobody presses Run from here on.
  await machine.flightboard("stop", "1");
  await expect(column(page, "review").getByTestId("card-T-2")).toBeVisible();
  await expect(card(page, "T-3")).toContainText("blocked by T-2, which is in review");
  await card(page, "T-2").press("Enter");
  await page.getByRole("button", { name: "Approve → Done" }).click();
  await expect(page.getByTestId("task-state")).toHaveText("Done");
  await page.keyboard.press("Escape");
  await expect(column(page, "review").getByTestId("card-T-3")).toBeVisible();
  await expect(column(page, "done").getByTestId("card-T-2")).toBeVisible();
});

/** An agent of one's own that is a shell script. */
async function agent(machine, name, script, ...how) {
  const program = join(machine.folder, name);
  writeFileSync(program, `#!/bin/sh\n[ "$1" = --version ] && exit\n${script}\n`, { mode: 0o755 });
  await machine.flightboard("agents", "register", name, "--program", program, ...how);
}

test("each card says on its face why it is not running, in the words of the plan", async ({ page, machine }) => {
  const go = join(machine.folder, "go");
  const patient = `while [ ! -e '${go}' ]; do sleep 0.05; done; echo done > COMPLETION.md`;
  await agent(machine, "iris", patient, "--capacity", "2");
  await agent(machine, "gem", "exit 3", "--breaker", "1/3600", "--retry", "0");
  await machine.flightboard("policy", "--parallel", "9");
  const add = (title, ...how) => machine.flightboard("add", title, "--queue", ...how);
  for (const title of ["One", "Two", "Three", "Four"]) await add(title, "--agent", "iris");
  await add("Fails", "--agent", "gem");
  await expect(page.getByRole("link", { name: /^Failed/ })).toContainText("1");
  await add("After the failure", "--agent", "iris", "--after", "5");
  await add("For a broken one", "--agent", "gem");
  await add("For nobody", "--agent", "iris", "--skill", "deploy");

  const said = [
    [3, /^waiting: 2 of 2 in flight for iris, first of 2$/],
    [4, /^waiting: 2 of 2 in flight for iris, number 2 of 2$/],
    [6, /^blocked by T-5, which failed$/],
    [7, /^breaker open for gem, probe at \d\d:\d\d( on \d+ \w+)?$/],
    [8, /^needs skill `deploy`, which no agent has$/],
  ];
  for (const [id, words] of said) {
    const [{ why }] = (await machine.flightboard("plan", String(id))).waits;
    expect(why).toMatch(words);
    await expect(column(page, "ready").getByTestId(`card-T-${id}`)).toContainText(why);
  }
  // And what the plan says comes to pass: who was first has the next free place.
  writeFileSync(go, "");
  for (const id of [1, 2, 3, 4]) await expect(column(page, "review").getByTestId(`card-T-${id}`)).toBeVisible();
  for (const id of [6, 7, 8]) expect((await machine.flightboard("show", String(id))).runs).toEqual([]);
});

test("the next few cards are started by keyboard, and one that finds no place says why", async ({ page, machine }) => {
  const go = join(machine.folder, "go");
  await agent(
    machine,
    "iris",
    `while [ ! -e '${go}' ]; do sleep 0.05; done; echo done > COMPLETION.md`,
    "--capacity",
    "2",
  );
  for (const title of ["One", "Two", "Three"]) await machine.flightboard("add", title);
  await page.getByRole("link", { name: /^Queue/ }).click();
  const next = page.getByRole("form", { name: "Run next" });
  await next.getByLabel("Agent").selectOption("iris");
  await next.getByLabel("Cards").fill("3");
  await page.keyboard.press("Enter");
  await expect(next.getByRole("list", { name: "Passed over" })).toContainText("T-3");
  await expect(next.getByRole("list", { name: "Passed over" })).toContainText("2 of 2 in flight for iris");
  await expect(page.getByText("2 cards are in flight with iris.")).toBeVisible();
  await expect(page.getByTestId("load-iris")).toContainText("2 of 2");
  writeFileSync(go, "");
  await page.getByRole("link", { name: /^Board/ }).click();
  for (const id of [1, 2]) await expect(column(page, "review").getByTestId(`card-T-${id}`)).toBeVisible();
  await expect(column(page, "inbox").getByTestId("card-T-3")).toBeVisible();
});

test("sent back with words, the agent hears them exactly; the gate shows each verdict", async ({ page, machine }) => {
  const repository = await machine.repository("shop");
  await machine.flightboard("project", "add", repository, "--name", "shop");
  await page.getByRole("link", { name: /^Add, change/ }).click();
  const project = page.getByTestId("project-shop");
  await project.getByRole("button", { name: "Settings" }).click();
  await project.getByLabel("Ready cards start by themselves").check();
  await project.getByLabel("Agents that take its queued cards: add an agent").selectOption("demo");
  await project.getByRole("button", { name: "Add a command" }).click();
  await project.getByLabel("Command of step 1").fill("test -d artifacts");
  await project.getByRole("button", { name: "Add a person" }).click();
  await project.getByRole("button", { name: "Save" }).click();
  await expect(project.getByRole("button", { name: "Save" })).toBeHidden();

  await machine.flightboard("add", "Write a note", "--project", "shop");
  await machine.flightboard("move", "1", "ready");
  await page.getByRole("link", { name: /^Board/ }).click();
  await expect(column(page, "review").getByTestId("card-T-1")).toBeVisible();
  await card(page, "T-1").press("Enter");
  await page.getByRole("tab", { name: /^Queue/ }).click();
  const steps = page.getByRole("list", { name: "Steps of the gate" }).getByRole("listitem");
  await expect(steps.nth(0)).toContainText("approved");
  await expect(steps.nth(1)).toContainText("open");

  const feedback = "Say “hello” first.\n  Then the rest — twice.";
  await page.getByRole("button", { name: "Send back…" }).click();
  await expect(dialog(page).getByRole("button", { name: /^Send back/ })).toBeDisabled();
  await dialog(page).getByLabel("What is wrong").fill(feedback);
  await page.keyboard.press("Control+Enter");
  await expect(dialog(page)).toBeHidden();
  // It starts again by itself and is reviewed anew.
  const verdicts = page.getByRole("list", { name: "Verdicts" });
  await expect(verdicts).toContainText("round 2");
  await expect(page.getByTestId("task-state")).toHaveText("Review");
  await expect(steps.nth(0)).toContainText("approved");
  await expect(verdicts).toContainText(feedback);
  const detail = await machine.flightboard("show", "1");
  const [attempt] = detail.runs.filter((run) => run.review === null);
  const brief = readFileSync(join(attempt.workspace.path, "TASK.md"), "utf8");
  expect(brief).toContain(feedback);
  await page.getByRole("button", { name: "Approve → Done" }).click();
  await expect(page.getByTestId("task-state")).toHaveText("Done");
});

test("a card in review shows the terminal of the work, and the reviewer's where that is chosen", async ({
  page,
  machine,
}) => {
  const repository = await machine.repository("shop");
  const [reviewer, go] = [join(machine.folder, "aegis"), join(machine.folder, "go")];
  const script = `echo The reviewer looks.; while [ ! -e '${go}' ]; do sleep 0.05; done; echo VERDICT: APPROVED > REVIEW.md`;
  writeFileSync(reviewer, `#!/bin/sh\n[ "$1" = --version ] && exit\n${script}\n`, { mode: 0o755 });
  await machine.flightboard("project", "add", repository, "--name", "shop");
  await machine.flightboard("agents", "register", "aegis", "--program", reviewer);
  const policy = ["--dispatch", "true", "--agents", "demo", "--reviewer", "aegis"];
  await machine.flightboard("project", "policy", "shop", ...policy);
  await machine.flightboard("add", "Write a note", "--project", "shop", "--queue");
  await card(page, "T-1").press("Enter");

  const terminal = page.getByLabel("Terminal", { exact: true });
  await page.getByRole("tab", { name: /^Runs/ }).click();
  const review = page.getByRole("listitem", { name: /Run 2, aegis/ });
  await expect(review).toContainText("step 1 of the gate");
  await expect(review).toContainText("working");
  await page.getByRole("tab", { name: /^Terminal/ }).click();
  await expect(terminal).toContainText(/demo.* · run 1 of 2/);
  await page.reload();
  await expect(terminal).toContainText(/demo.* · run 1 of 2/);
  await expect(page.getByText("This is run")).toBeHidden();

  await page.getByRole("tab", { name: /^Runs/ }).click();
  await review.getByRole("button", { name: "Terminal" }).click();
  await expect(terminal).toContainText(/aegis.* · run 2 of 2/);
  await expect(terminal).toContainText("The reviewer looks.");
  await expect(page.getByText("This is run 2 of 2, a review.")).toBeVisible();
  await page.getByRole("button", { name: "Show the work" }).click();
  await expect(terminal).toContainText(/demo.* · run 1 of 2/);
  writeFileSync(go, "");
  await expect(page.getByTestId("task-state")).toHaveText("Done");
});

test("the queue pauses and resumes from the top of every page, and its rules are kept", async ({ page, machine }) => {
  await page.getByRole("link", { name: /^Queue/ }).click();
  await expect(page.getByText("Nothing is ready.")).toBeVisible();
  await page.getByLabel("Runs at one time").fill("2");
  await page.getByLabel("Agents for cards that name none: add an agent").selectOption("demo");
  await page.getByLabel("Longest run, in minutes").fill("90");
  await page.getByRole("button", { name: "Save rules" }).click();
  await expect(page.getByTestId("queue-switch")).toContainText("0 of 2 in flight");
  expect(await machine.flightboard("policy")).toMatchObject({
    parallel: 2,
    agents: ["demo"],
    limits: { longest: 5_400 },
  });

  await page.getByRole("button", { name: /^Pause the queue/ }).click();
  await expect(page.getByTestId("queue-switch")).toContainText("paused");
  await machine.flightboard("add", "Later", "--queue");
  const starts = page.getByRole("list", { name: "Starts next" });
  await expect(starts).toContainText("would start on demo, but the queue is paused");
  expect((await machine.flightboard("show", "1")).status).toBe("ready");
  await page.getByRole("button", { name: "Resume the queue" }).click();
  await page.getByRole("link", { name: /^Board/ }).click();
  await expect(column(page, "review").getByTestId("card-T-1")).toBeVisible();
});

test("the shelf says why a card lies there, gives it back, and asks before it discards with a way back", async ({
  page,
  machine,
}) => {
  for (const title of ["Falls over", "Falls over too"]) await machine.flightboard("add", title);
  for (const id of ["1", "2"]) {
    await machine
      .flightboard("run", id, "--wait", "--agent", "custom", "--", "sh", "-c", "exit 7")
      .catch(() => "the run's failure is the command's");
  }
  await page.getByRole("link", { name: /^Failed/ }).click();
  const shelf = column(page, "failed");
  await expect(shelf.getByTestId("card-T-1")).toContainText("exit code 7");
  await expect(shelf.getByTestId("card-T-1")).toContainText("exited with an error");
  await expect(shelf.getByTestId("card-T-1")).toContainText("1 attempt");

  await card(page, "T-2").focus();
  await page.keyboard.press("Delete");
  await expect(dialog(page)).toContainText("Discard T-2?");
  await page.keyboard.press("Escape");
  await expect(dialog(page)).toBeHidden();
  expect((await machine.flightboard("show", "2")).status).toBe("failed");
  await card(page, "T-2").focus();
  await page.keyboard.press("Delete");
  await dialog(page)
    .getByRole("button", { name: /^Discard/ })
    .click();
  await expect(card(page, "T-2")).toBeHidden();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(shelf.getByTestId("card-T-2")).toBeVisible();

  await shelf.getByRole("button", { name: "Replay all" }).click();
  await expect(column(page, "ready").getByTestId("card-T-1")).toBeVisible();
  await expect(column(page, "ready").getByTestId("card-T-2")).toBeVisible();
  const replayed = await machine.flightboard("show", "1");
  expect([replayed.status, replayed.runs.length]).toEqual(["ready", 1]);
});

for (const theme of ["dark", "light"]) {
  test(`the queue's screens are accessible in ${theme}`, async ({ page, machine }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await machine.flightboard("policy", "--agents", "demo", "--pause");
    await machine.flightboard("add", "Starts next", "--queue", "--priority", "critical");
    await machine.flightboard("add", "After the first", "--queue", "--after", "1");
    await machine.flightboard("add", "Needs what nobody has", "--queue", "--skill", "deploy");
    await expect(card(page, "T-3")).toContainText("needs skill `deploy`, which no agent has");
    await clean(page, `queue-board-${theme}`);
    await page.getByRole("link", { name: /^Queue/ }).click();
    await expect(page.getByRole("list", { name: "Waits" })).toContainText("blocked by T-1");
    await clean(page, `queue-page-${theme}`);
    await page.getByRole("list", { name: "Waits" }).getByRole("button", { name: /T-2/ }).click();
    await expect(page.getByTestId("task-page")).toBeVisible();
    await page.keyboard.press("7");
    await page.getByLabel("Wait for a card").fill("needs");
    await expect(page.getByRole("listbox", { name: "Cards" })).toContainText("T-3");
    await clean(page, `queue-card-${theme}`);
  });
}
