// What a desktop expects of a program: links that open it at the right place, an icon in the tray, starting at login.
// The tray is read over the session bus, as a desktop's panel reads it; there is no panel here, which is the case that
// must work as well as any (panel.test.mjs has one).

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { program } from "../../src-tauri/setup/build.mjs";
import { isRunning, story } from "./harness.mjs";

const execute = promisify(execFile);
const DESKTOP = program("flightboard-desktop");

/** A second start with a link, as the system starts it; it hands the link over and ends well. */
async function follow(desk, link) {
  const second = desk.start(DESKTOP, link);
  assert.deepEqual(await once(second, "exit"), [0, null]);
}

const address = (window) => window.driver.executeScript("return location.pathname");

async function at(window, path) {
  await window.until(`the page is at ${path}`, async () => (await address(window)) === path);
}

story("a link shows its card in the window that is open; a bad one says why and moves nothing", async (desk) => {
  await desk.flightboard("add", "First");
  await desk.flightboard("add", "Second");
  const window = await desk.open();
  await window.cardIn("inbox", 1);
  await follow(desk, "flightboard://task/T-2");
  await at(window, "/task/2");
  await window.css('main[aria-label="T-2 Second"]');

  for (const [link, words] of [
    ["flightboard://run/1", "“flightboard://run/1” is not a link to a card."],
    ["flightboard://task/T-99", "T-99 does not exist"],
    ["flightboard:", "A link to a card looks like flightboard://task/T-12."],
  ]) {
    await follow(desk, link);
    await window.text(words);
    assert.equal(await address(window), "/task/2", link);
  }
  await follow(desk, "FLIGHTBOARD://task/1/");
  await at(window, "/task/1");
});

story("a link that starts the program opens it at the card", async (desk) => {
  await desk.flightboard("add", "First");
  const window = await desk.open({ args: ["flightboard://task/T-1"] });
  await at(window, "/task/1");
  await window.css('main[aria-label="T-1 First"]');
});

story("links are this program’s from its first start on, by a desktop file", async (desk) => {
  await desk.open();
  const folder = join(desk.home, ".local/share/applications");
  const entry = join(folder, "flightboard-desktop-handler.desktop");
  const written = () => existsSync(entry) && readFileSync(entry, "utf8").includes("MimeType=");
  await desk.windows[0].until("the desktop file is there", written);
  const text = readFileSync(entry, "utf8");
  assert.match(text, /^MimeType=x-scheme-handler\/flightboard/m);
  assert.ok(text.includes(DESKTOP), text);
});

story("starting at login is off, and one box writes and removes the system’s entry", async (desk) => {
  const window = await desk.open();
  await window.click(await window.role("button", "Skip to the board"));
  await window.click(await window.role("link", "Settings"));
  const box = await window.role("checkbox", "Open Flightboard when I log in");
  const folder = join(desk.home, ".config/autostart");
  const entries = () => (existsSync(folder) ? readdirSync(folder) : []);
  assert.equal(await box.isSelected(), false);
  assert.deepEqual(entries(), []);
  await window.click(box);
  await window.until("an entry", () => entries().length === 1);
  assert.ok(readFileSync(join(folder, entries()[0]), "utf8").includes(DESKTOP));
  await window.click(box);
  await window.until("no entry", () => entries().length === 0);
});

// ---------------------------------------------------------------- the tray

const BUS = ["--session"];

async function bus(...args) {
  const { stdout } = await execute("gdbus", [args[0], ...BUS, ...args.slice(1)], { timeout: 20_000 });
  return stdout;
}

/** Where this process's tray is on the bus: the name of its connection and the path of its menu. */
async function trayOf(window) {
  let found;
  await window.until("the tray is on the bus", async () => {
    found = await findTray(window.pid);
    return found !== undefined;
  });
  return found;
}

async function findTray(pid) {
  const peer = ["--dest", "org.freedesktop.DBus", "--object-path", "/org/freedesktop/DBus", "--method"];
  const names = (await bus("call", ...peer, "org.freedesktop.DBus.ListNames")).match(/:[\d.]+/g) ?? [];
  for (const name of names) {
    const owner = await bus("call", ...peer, "org.freedesktop.DBus.GetConnectionUnixProcessID", name).catch(() => "");
    if (Number(/uint32 (\d+)/.exec(owner)?.[1]) !== pid) continue;
    const tree = await bus("introspect", "--dest", name, "--object-path", "/org/ayatana", "--recurse").catch(() => "");
    const menu = /node (\/org\/ayatana\/NotificationItem\/\S+\/Menu) /.exec(tree)?.[1];
    if (menu) return { name, menu };
  }
}

/** The menu's lines in order, with their numbers; lines that separate have no words. */
async function menuOf({ name, menu }) {
  const layout = await bus(
    ...["call", "--dest", name, "--object-path", menu],
    ...["--method", "com.canonical.dbusmenu.GetLayout", "--", "0", "-1", "[]"],
  );
  return [...layout.matchAll(/<\((\d+), \{([^}]*)\}/g)].flatMap(([, id, about]) => {
    const label = /'label': <(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")>/.exec(about);
    return label ? [{ id: Number(id), label: (label[1] ?? label[2]).replaceAll("__", "_") }] : [];
  });
}

async function choose(tray, label) {
  const line = (await menuOf(tray)).find((each) => each.label === label);
  assert.ok(line, `no line “${label}”`);
  const click = ["--method", "com.canonical.dbusmenu.Event", String(line.id), "clicked", "<''>", "0"];
  await bus("call", "--dest", tray.name, "--object-path", tray.menu, ...click);
}

story(
  "the tray counts, names the cards that need a person and opens them, shows the window and quits",
  async (desk) => {
    await desk.flightboard("add", "Choose a & b_c", "--description", "demo: ask");
    const window = await desk.open();
    const tray = await trayOf(window);
    const says = async (...wanted) => {
      let last;
      await window
        .until(`the menu says ${wanted}`, async () => {
          last = (await menuOf(tray)).map(({ label }) => label);
          return JSON.stringify(last) === JSON.stringify(wanted);
        })
        .catch((error) => {
          error.message += `\nit says ${JSON.stringify(last)}`;
          throw error;
        });
    };
    await says("0 in flight · 0 ready", "Nothing needs you", "Show Flightboard", "Quit");
    await desk.flightboard("run", "1", "--agent", "demo", "--interactive");
    await says("1 in flight · 0 ready", "1 card needs you", "T-1 Choose a & b_c", "Show Flightboard", "Quit");
    await choose(tray, "T-1 Choose a & b_c");
    await at(window, "/task/1");
    await desk.flightboard("stop", "1");
    await says("0 in flight · 1 ready", "Nothing needs you", "Show Flightboard", "Quit");
    await choose(tray, "Quit");
    await window.until("it has quit", () => !isRunning(window.pid));
    // The engine was let go in the orderly way: the next command hosts its own.
    assert.equal((await desk.flightboard("list"))[0].status, "ready");
  },
);
