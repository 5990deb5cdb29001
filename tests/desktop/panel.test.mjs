// The tray as a person meets it: in the panel of a real desktop (Xfce's), on the screen, under the mouse.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { isRunning, story } from "./harness.mjs";

const execute = promisify(execFile);
const BUS_PEER = ["--session", "--dest", "org.freedesktop.DBus", "--object-path", "/org/freedesktop/DBus"];
/** The panel lies along the foot of the screen, with the tray at its left. */
const SIZE = 28;
const [WIDTH, HEIGHT] = [1440, 900];
const ICON = { x: 14, y: HEIGHT - SIZE / 2 };
// As in tray.rs.
const WORKS = "#57a6ff";
const SIGNAL = "#f5b83d";

const CONFIGURATION = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="true"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=10;x=${WIDTH / 2};y=${HEIGHT - SIZE / 2}"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="${SIZE}"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
`;

async function startPanel(desk) {
  const folder = join(desk.home, ".config/xfce4/xfconf/xfce-perchannel-xml");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "xfce4-panel.xml"), CONFIGURATION);
  // The bus starts nothing by itself here; where the program lies is the service file's to say.
  const service = readFileSync("/usr/share/dbus-1/services/org.xfce.Xfconf.service", "utf8");
  desk.start(/^Exec=(\S+)/m.exec(service)[1]);
  await named("org.xfce.Xfconf");
  desk.start("xfce4-panel", "--disable-wm-check");
  await named("org.kde.StatusNotifierWatcher");
}

/** Waits until somebody has that name on the bus. */
function named(name) {
  return execute("gdbus", ["wait", "--session", "--timeout", "20", name]);
}

async function iconsKnown() {
  const watcher = ["--session", "--dest", "org.kde.StatusNotifierWatcher", "--object-path", "/StatusNotifierWatcher"];
  const get = ["--method", "org.freedesktop.DBus.Properties.Get", "org.kde.StatusNotifierWatcher"];
  const { stdout } = await execute("gdbus", ["call", ...watcher, ...get, "RegisteredStatusNotifierItems"]);
  return [...stdout.matchAll(/'([^'/]+)(\/[^']*)'/g)].map(([, name, path]) => ({ name, path }));
}

/** What the panel writes over the icon, by the property that it reads. */
async function titleOf({ name, path }) {
  const item = ["--session", "--dest", name, "--object-path", path];
  const get = ["--method", "org.freedesktop.DBus.Properties.Get", "org.kde.StatusNotifierItem", "Title"];
  return (await execute("gdbus", ["call", ...item, ...get])).stdout;
}

async function colours() {
  const place = [0, HEIGHT - SIZE, SIZE, SIZE].map(String);
  const { stdout } = await execute("python3", ["tests/desktop/colours.py", ...place]);
  return JSON.parse(stdout);
}

async function windowsSeen() {
  const { stdout } = await execute("xdotool", ["search", "--onlyvisible", "--name", ".*"]).catch(() => ({
    stdout: "",
  }));
  return stdout.trim().split("\n");
}

/** Opens the menu under the icon and chooses an entry, counted from the last. */
async function choose(window, fromTheLast) {
  const before = await windowsSeen();
  await execute("xdotool", ["mousemove", `${ICON.x}`, `${ICON.y}`, "click", "1"]);
  await window.until("the menu is open", async () => (await windowsSeen()).some((id) => !before.includes(id)));
  await execute("xdotool", ["key", "--delay", "50", ...Array(fromTheLast).fill("Up"), "Return"]);
}

story("a real panel shows the icon, the dot and whose turn it is; its menu opens the card and quits", async (desk) => {
  await execute("gdbus", ["call", ...BUS_PEER, "--method", "org.freedesktop.DBus.Peer.Ping"]);
  await startPanel(desk);
  await desk.flightboard("add", "Choose a colour", "--description", "demo: ask");
  const window = await desk.open();
  await window.until("the panel knows the icon", async () => (await iconsKnown()).length === 1);
  const [icon] = await iconsKnown();
  await window.until("the icon is drawn", async () => (await colours())[WORKS] > 0);
  assert.equal((await colours())[SIGNAL], undefined, "amber means that a person is needed, and nothing else");
  assert.match(await titleOf(icon), /Flightboard: Nothing needs you/);

  await desk.flightboard("run", "1", "--agent", "demo", "--interactive");
  await window.until("the dot is drawn", async () => (await colours())[SIGNAL] > 20);
  await window.until("the title says so", async () => /1 card needs you/.test(await titleOf(icon)));
  // From the last: Quit, Show Flightboard, the card.
  await choose(window, 3);
  await window.css('main[aria-label="T-1 Choose a colour"]');

  await desk.flightboard("stop", "1");
  await window.until("the dot is gone", async () => (await colours())[SIGNAL] === undefined);
  await choose(window, 1);
  await window.until("it has quit", () => !isRunning(window.pid));
  assert.equal((await desk.flightboard("list"))[0].status, "ready", "the engine was let go in the orderly way");
});
