// What the window looks like, kept as pictures in results/ for people to look at, in both themes and down to the
// narrowest width. The tests themselves hold what a picture would show broken: nothing runs out of the window, and the
// strict policy has nothing to complain of.

import assert from "node:assert/strict";
import { Key, story } from "./harness.mjs";

const LONG = "Refactor_the_extraordinarily_long_identifier_that_no_column_is_wide_enough_for and the rest";
const OVERFLOW = `
  const page = document.documentElement;
  return page.scrollWidth > page.clientWidth || page.scrollHeight > page.clientHeight`;
const WATCH_POLICY = `
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective + " " + event.blockedURI));`;

/** Two projects, cards in every column, one agent at work, one that asks, one that has finished. */
async function busyBoard(desk) {
  const flightboard = desk.flightboard;
  for (const name of ["parser", "weather station"]) await flightboard("project", "add", await desk.repository(name));
  const add = async (title, project, ...rest) => (await flightboard("add", title, "--project", project, ...rest)).key;
  await add("Say where a string was left open", "parser", "--priority", "critical", "--tag", "errors");
  await add(LONG, "parser", "--tag", "cleanup", "--tag", "later", "--tag", "one more");
  for (const title of ["Read pressure in hPa", "Sort stations by distance"]) {
    await flightboard("move", await add(title, "weather station", "--priority", "high"), "ready");
  }
  await flightboard("move", await add("Drop the old logger", "parser"), "done");
  await flightboard("move", await add("Port to a smaller board", "weather station"), "cancelled");
  await flightboard("run", await add("Draw the altitude chart", "weather station"), "--agent", "demo", "--wait");
  const failing = await add("Break on purpose", "parser", "--description", "demo: fail");
  await flightboard("run", failing, "--agent", "demo", "--wait").catch(() => {});
  const asking = await add("Choose a colour", "weather station", "--description", "demo: ask");
  await flightboard("run", asking, "--agent", "demo", "--interactive");
  const working = await add("Split the lexer", "parser", "--description", "demo: hang\n\nTokens and trivia **apart**.");
  await flightboard("run", working, "--agent", "demo", "--interactive");
  return { asking, working };
}

async function theme(window, name) {
  await window.press(Key.CONTROL, "k");
  await window.role("dialog");
  await window.type(`${name} theme`);
  await window.role("option", `${name} theme`);
  await window.type(Key.ENTER);
  await window.until(`${name}`, () =>
    window.driver.executeScript("return document.documentElement.dataset.theme === arguments[0]", name.toLowerCase()),
  );
}

async function picture(window, name) {
  assert.equal(await window.driver.executeScript(OVERFLOW), false, `${name}: the page is larger than its window`);
  await window.screenshot(name);
}

story("every page in both themes stays in its window and within its policy", async (desk) => {
  const { asking } = await busyBoard(desk);
  const window = await desk.open();
  await window.driver.executeScript(WATCH_POLICY);
  await window.role("button", "1 needs you");
  for (const name of ["Dark", "Light"]) {
    const shot = (what) => picture(window, `${what}-${name.toLowerCase()}`);
    await theme(window, name);
    await shot("board");
    await window.click(await window.css(`[data-testid="card-${asking}"]`));
    await window.terminalShows("Which colour shall the chart have?");
    await shot("task-terminal");
    await window.click(await window.role("button", "Back to the board"));

    await window.click(await window.cardIn("review", 7));
    for (const [tab, sign] of Object.entries(TABS)) {
      await window.click(await window.role("tab", tab));
      await sign(window);
      await shot(`task-${tab.toLowerCase()}`);
    }
    await window.click(await window.role("button", "Back to the board"));
    for (const [page, sign] of Object.entries(PAGES)) {
      await window.click(await window.role("link", page));
      await window.text(sign);
      await shot(page.toLowerCase().replace(/\W+/g, "-"));
    }
    await window.click(await window.role("link", "Board"));
    await window.cardIn("review", 7);
  }
  assert.deepEqual(await window.driver.executeScript("return window.violations"), []);
});

const TABS = {
  Log: (window) => window.text("Reading the flight plan"),
  Changes: (window) => window.css('[aria-label="Changes in NOTES.md"]'),
  Artifacts: (window) => window.text("No model was asked."),
  Timeline: (window) => window.text("run 1 finished"),
  Runs: (window) => window.text("exited 0"),
};
const PAGES = {
  Failed: "Break on purpose",
  "Add, change": "/parser",
  "Add, check": "Look again",
  Queue: "Runs at one time",
  Schedules: "No schedule yet.",
  Trash: "The trash is empty.",
  Settings: "Theme",
  Keys: "No key yet.",
  Webhooks: "No webhook yet.",
};

story("at its narrowest the board and the card's page still fit", async (desk) => {
  const { working } = await busyBoard(desk);
  const window = await desk.open();
  await window.resize(900, 560);
  await window.css(`[data-testid="card-${working}"]`);
  await picture(window, "board-narrow");
  await window.click(await window.css(`[data-testid="card-${working}"]`));
  await window.terminalShows("Holding position");
  await picture(window, "task-narrow");
});
