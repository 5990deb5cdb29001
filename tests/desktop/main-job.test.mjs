// The main job in the real window, as issue and README tell it: a repository is added, a card written and dragged to In
// flight, an agent watched, its work looked at; the window is killed under it and finds everything as it was.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { By, Key, story } from "./harness.mjs";

story("the first start offers agents, repositories and the demo", async (desk) => {
  const found = await desk.repository("home/code/weather station 🌦");
  const window = await desk.open();
  await window.role("heading", "Cards that agents work on");
  await window.text("found", await window.testId("agent-demo"));
  await window.text(found, await window.role("list", "Repositories found"));

  await window.click(await window.role("button", "Add weather station 🌦"));
  await window.text("On the board: weather station 🌦.");
  await window.click(await window.role("button", "Watch the demo agent"));
  await window.terminalShows("Landed");
  await window.text(/exited 0/);
  await window.press(Key.ESCAPE);
  await window.role("main", "Board");
  await window.text("3 artifacts", await window.cardIn("review", 1));
});

story("a folder that is none is refused with the reason, and what was typed stays", async (desk) => {
  const window = await desk.open();
  const field = await window.role("textbox", "Folder of a project");
  await window.click(field);
  await window.type(join(desk.folder, "not there"));
  await window.press(Key.ENTER);
  await window.text(/not there/, await window.role("alert"));
  assert.equal(await field.getAttribute("value"), join(desk.folder, "not there"));
  assert.deepEqual(await desk.flightboard("project", "list"), []);
});

story("from a repository to a finished card, with the window killed in between", async (desk) => {
  const repository = await desk.repository("my code 🚀/flight computer");
  let window = await desk.open();

  await window.click(await window.role("textbox", "Folder of a project"));
  await window.type(repository);
  await window.press(Key.ENTER);
  await window.text("On the board: flight computer.");
  await window.click(await window.role("button", "To the board"));

  await window.click(await window.role("button", "Add a card to Inbox"));
  await window.type(`Write the notes${Key.ENTER}`);
  const card = await window.cardIn("inbox", 1);
  await window.text("Write the notes", card);

  await window.drag(card, await window.testId("column-in_progress"));
  const picker = await window.role("dialog", "Run T-1 with…");
  await window.click(await picker.findElement(By.xpath(".//label[contains(., 'Demo')]")));
  await window.click(await picker.findElement(By.xpath(".//label[contains(., 'Interactive')]")));
  await window.click(await window.role("button", /^Start/));
  await window.click(await window.cardIn("in_progress", 1));

  await window.terminalShows("demo>");
  await window.terminalShows("T-1: Write the notes");

  await window.click(await window.role("tab", "Artifacts"));
  await window.click(await window.role("button", "report.md"));
  await window.text("No model was asked.", await window.role("region", "report.md"));
  await window.click(await window.role("tab", "Changes"));
  await window.text("Write the notes", await window.css('[aria-label="Changes in NOTES.md"]'));
  await window.text(/Changes\s*1\s*file/i, await window.role("tab", "Changes"));
  const { workspace } = (await desk.flightboard("show", "T-1")).runs[0];
  assert.match(readFileSync(join(workspace.path, "NOTES.md"), "utf8"), /T-1: Write the notes/);

  await window.click(await window.role("tab", "Terminal"));
  await window.terminalShows("demo>");
  const before = await window.terminalText();
  await window.kill();

  window = await desk.open();
  await window.click(await window.cardIn("in_progress", 1));
  await window.terminalShows("demo>");
  assert.equal(await window.terminalText(), before);
  await window.click(await window.testId("terminal"));
  await window.type(`still there?${Key.ENTER}`);
  await window.terminalShows('You said "still there?", and the demo agent agrees.');
  await window.type(`exit${Key.ENTER}`);
  await window.text(/exited 0/);

  await window.click(await window.role("button", "Back to the board"));
  await window.drag(await window.cardIn("review", 1), await window.testId("column-done"));
  await window.cardIn("done", 1);
  assert.equal((await desk.flightboard("show", "T-1")).status, "done");
});
