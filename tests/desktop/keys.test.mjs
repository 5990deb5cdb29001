// The keyboard in the real window: WebKit's focus and key events are its own, whatever Chromium does.

import { Key, story } from "./harness.mjs";

/** A window on a board with these cards, in the inbox. */
async function boardWith(desk, ...titles) {
  await desk.flightboard("project", "add", await desk.repository("parser"));
  for (const title of titles) await desk.flightboard("add", title, "--project", "parser");
  const window = await desk.open();
  await window.cardIn("inbox", titles.length);
  return window;
}

story("keys alone write a card, carry it, send it somewhere and take that back", async (desk) => {
  const window = await boardWith(desk, "One", "Two");
  await window.type("c");
  await window.role("dialog", "New card");
  await window.type("Three");
  await window.press(Key.CONTROL, Key.ENTER);
  await window.focused("card-T-3");

  await window.type(Key.ARROW_UP);
  await window.focused("card-T-2");
  await window.type(Key.SPACE);
  await window.announced("T-2 is over Inbox.");
  await window.type(Key.ARROW_RIGHT);
  await window.announced("T-2 is over Ready.");
  await window.type(Key.SPACE);
  await window.cardIn("ready", 2);

  await window.focus(await window.cardIn("inbox", 1));
  await window.type("m");
  await window.role("dialog", "Move T-1 to…");
  await window.type("5");
  await window.cardIn("done", 1);
  await window.press(Key.CONTROL, "z");
  await window.cardIn("inbox", 1);
});

story("keys alone start an agent, answer it and finish its card", async (desk) => {
  const window = await boardWith(desk, "Fly by keys");
  await window.focus(await window.cardIn("inbox", 1));
  await window.type("r");
  await window.role("dialog", "Run T-1 with…");
  // The demo agent is the only one found, so it is chosen, and interactive is its first mode.
  await window.type(Key.ENTER);
  await window.focus(await window.cardIn("in_progress", 1));
  await window.type(Key.ENTER);
  await window.terminalShows("demo>");

  await window.focus(await window.role("textbox", "Message"));
  await window.type("hello from the box");
  await window.press(Key.CONTROL, Key.ENTER);
  await window.terminalShows('You said "hello from the box"');

  // Esc belongs to the terminal's program while it has the keyboard; outside it leads back.
  await window.focus(await window.role("tab", "Terminal"));
  await window.type(Key.ESCAPE);
  await window.focus(await window.cardIn("in_progress", 1));
  await window.type("s");
  await window.click(await window.role("button", /^Stop/));
  await window.focus(await window.cardIn("ready", 1));
  await window.type("d");
  await window.cardIn("done", 1);
});

story("the card's menu moves it as well", async (desk) => {
  const window = await boardWith(desk, "By menu");
  await window.contextClick(await window.cardIn("inbox", 1));
  await window.click(await window.role("menuitem", "Move to…"));
  await window.role("dialog", "Move T-1 to…");
  await window.click(await window.role("button", /^Ready/));
  await window.cardIn("ready", 1);
});
