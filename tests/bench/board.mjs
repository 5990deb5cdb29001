// The board in the real window, with nothing on it, with 1,000 cards and with 10,000: how long it takes to open, how
// much it weighs, how it scrolls and how a card is dragged. The windows take turns, so that all see the same machine.
// `--cards 0,1000,10000`, `--repeats N`, `--profile debug`. Wants a display (`npm run bench -- board` brings one).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "@playwright/test";
import { Origin } from "selenium-webdriver";
import { program } from "../../src-tauri/setup/build.mjs";
import { newDesk } from "../desktop/harness.mjs";
import { COUNT, IDLE, MARKED, RECORD, SCROLL } from "./board_page.mjs";
import { median, option, quantile, spread, tail } from "./figures.mjs";
import { watchDisplay } from "./presented.mjs";
import { seed } from "./seed.mjs";
import { serve } from "./served.mjs";

const SIZES = option("cards", "0,1000,10000").split(",").map(Number);
const REPEATS = option("repeats", 5);
const PROFILE = option("profile", "release");
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const SETTLE = 1_500;
const SCROLL_FRAMES = 240;

const boards = [];
const display = watchDisplay();
try {
  for (const cards of SIZES) boards.push(await newBoard(cards));
  // Once without counting: the programs and libraries come from the disk.
  await look(boards[0]);
  for (let round = 0; round < REPEATS; round += 1) {
    // Whoever comes last finds a warmer machine, so they change places.
    for (const board of round % 2 === 0 ? boards : boards.toReversed()) board.seen.push(await look(board));
  }
  for (const board of boards) report(board);
  compare();
  await inChromium(boards.at(-1));
} finally {
  display.close();
  for (const board of boards) await board.desk.clear();
}

async function newBoard(cards) {
  const desk = newDesk();
  const board = { desk, cards, seen: [] };
  const served = await serve(desk, PROFILE);
  await seed(served, desk, cards);
  await served.stop();
  return board;
}

async function look({ desk, cards }) {
  const loadBefore = load();
  const window = await desk.open({ binary: program("flightboard-desktop", PROFILE) });
  const { driver } = window;
  const seen = {};
  await window.until("the cards are painted", () => driver.executeScript(MARKED));
  seen.open = (await driver.executeScript(MARKED)) - startOf(window.pid);
  await driver.manage().setTimeouts({ script: 60_000 });
  // What is still being loaded behind the first cards belongs to the weight.
  await pause(SETTLE);
  Object.assign(seen, await driver.executeScript(COUNT));
  seen.pss = pssOfTree(window.pid);
  if (cards > 0) {
    seen.idle = await driver.executeAsyncScript(IDLE, 60);
    [seen.scroll, seen.scrollShown] = await display.during(() => driver.executeAsyncScript(SCROLL, SCROLL_FRAMES));
    [seen.drag, seen.dragShown] = await display.during(() => dragged(window));
    seen.after = pssOfTree(window.pid);
  }
  await window.close();
  // A process counts as ended when its first thread has; the lock on the data directory goes with its last.
  await window.until("every thread has ended", () => !existsSync(`/proc/${window.pid}`));
  // Our own work is in the second figure; the first tells whether the machine was quiet.
  console.log(`${cards} cards: load ${loadBefore} before, ${load()} after`);
  return seen;
}

/** Processes that ran or waited to run, mean of the last minute. */
function load() {
  return loadavg()[0].toFixed(2);
}

/** The first Inbox card across the whole board and home again, in many small moves; nothing has changed after it. */
async function dragged(window) {
  const { driver } = window;
  const card = await window.css('[data-testid="column-inbox"] [data-card]');
  const [from, far] = [await window.centre(card), await window.centre(await window.testId("column-done"))];
  await driver.executeScript(RECORD);
  const actions = driver.actions({ async: true });
  actions.move({ ...from, origin: Origin.VIEWPORT, duration: 0 }).press();
  const steps = 60;
  for (const [start, end] of [
    [from, far],
    [far, from],
  ]) {
    for (let i = 1; i <= steps; i += 1) {
      const at = (axis) => Math.round(start[axis] + ((end[axis] - start[axis]) * i) / steps);
      actions.move({ x: at("x"), y: at("y"), origin: Origin.VIEWPORT, duration: 16 });
    }
  }
  await actions.release().perform();
  const frames = await driver.executeScript("return window.dragFrames");
  if (frames.length < 30) throw new Error(`only ${frames.length} frames of a drag: was the card lifted?`);
  return frames;
}

/** The biggest board in a browser that draws by itself: a frame that is late there is our own script's doing. */
async function inChromium({ desk, cards }) {
  const served = await serve(desk, PROFILE);
  const browser = await chromium.launch({ executablePath: CHROMIUM });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(served.address);
    await page.locator("[data-card]").first().waitFor();
    await pause(SETTLE);
    const scroll = await page.evaluate(`new Promise((done) => (function () {${SCROLL}})(${SCROLL_FRAMES}, done))`);
    const card = await page.locator('[data-testid="column-inbox"] [data-card]').first().boundingBox();
    const far = await page.getByTestId("column-done").boundingBox();
    await page.evaluate(`(function () {${RECORD}})()`);
    await page.mouse.move(card.x + 40, card.y + 20);
    await page.mouse.down();
    await page.mouse.move(far.x + 40, card.y + 200, { steps: 120 });
    await page.mouse.move(card.x + 40, card.y + 20, { steps: 120 });
    await page.mouse.up();
    const drag = await page.evaluate("window.dragFrames");
    console.log(`\n${cards} cards in Chromium`);
    console.log(`  frames of scrolling    ${tail(scroll, "ms")}`);
    console.log(`  frames of dragging     ${tail(drag, "ms")}`);
  } finally {
    await browser.close();
    await served.stop();
  }
}

/** When a process started, milliseconds since the epoch: the kernel counts in hundredths since the machine's start. */
function startOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  // Not btime of /proc/stat: that is in whole seconds.
  const up = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return Date.now() - (up * 1000 - ticks * 10);
}

/** Proportional memory of the program and everything below it, MB. */
function pssOfTree(root) {
  const parents = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const below = (pid) => pid === root || (parents.has(pid) && below(parents.get(pid)));
  const tree = [...parents.keys()].filter(below);
  if (tree.length < 3) throw new Error("the webview's processes are not below the window's");
  const pss = tree.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]));
  return (pss.reduce((sum, kib) => sum + kib, 0) * 1024) / 1e6;
}

function report({ cards, seen }) {
  const all = (key) => seen.map((one) => one[key]);
  console.log(`\n${cards} cards, ${seen.length} windows of ${seen[0].viewport}`);
  console.log(`  start to interactive   ${spread(all("open"), "ms")}`);
  console.log(`  nodes in the page      ${spread(all("nodes"), "")}, of them elements ${median(all("elements"))}`);
  console.log(`  cards drawn            ${median(all("faces"))}`);
  console.log(`  PSS of all processes   ${spread(all("pss"), "MB")}`);
  if (cards === 0) return;
  console.log(`  PSS after scrolling    ${spread(all("after"), "MB")}`);
  for (const [key, name] of [
    ["idle", "frames, nothing moves"],
    ["scroll", "frames of scrolling  "],
    ["scrollShown", "  as they were shown "],
    ["drag", "frames of dragging   "],
    ["dragShown", "  as they were shown "],
  ]) {
    const each = (part) =>
      spread(
        all(key).map((frames) => quantile(frames, part)),
        "ms",
        1,
      );
    console.log(`  ${name}  p50 ${each(0.5)}; p95 ${each(0.95)}; longest ${each(1)}`);
  }
}

/** The biggest board against the others. */
function compare() {
  const of = ({ seen }, figure) => median(seen.map(figure));
  const figures = {
    "start to interactive": (one) => one.open,
    "nodes in the page": (one) => one.nodes,
    PSS: (one) => one.pss,
    "scroll p95": (one) => one.scroll && quantile(one.scroll, 0.95),
    "scroll p95 as shown": (one) => one.scrollShown && quantile(one.scrollShown, 0.95),
    "drag p95": (one) => one.drag && quantile(one.drag, 0.95),
    "drag p95 as shown": (one) => one.dragShown && quantile(one.dragShown, 0.95),
  };
  const biggest = boards.reduce((a, b) => (b.cards > a.cards ? b : a));
  console.log("\nratios of the medians");
  for (const [name, figure] of Object.entries(figures)) {
    for (const other of boards.filter((board) => board !== biggest && figure(board.seen[0]) !== undefined)) {
      const ratio = of(biggest, figure) / of(other, figure);
      console.log(`  ${name}, ${biggest.cards} against ${other.cards} cards: ${ratio.toFixed(2)}`);
    }
  }
}
