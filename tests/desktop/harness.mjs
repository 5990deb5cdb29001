// Driving the real window: the desktop program is started by WebKitWebDriver, as a user's session would start it, with
// a home and a data directory of its own. Stories speak of roles, names and keys; the WebDriver traffic stays here.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { By, Capabilities, Key, Origin, WebDriver } from "selenium-webdriver";
import { Executor, HttpClient } from "selenium-webdriver/http/index.js";
import { program } from "../../src-tauri/setup/build.mjs";

export { By, Key };

const RESULTS = fileURLToPath(new URL("results/", import.meta.url));
const PATIENCE = 20_000;
/** The page is there, its engine has answered, and nothing is being loaded any more. */
const PAINTED =
  "return document.readyState === 'complete' && !!document.querySelector('main') && !/^Loading/m.test(document.body.innerText)";

const execute = promisify(execFile);

/** A test at a desk of its own. Whatever it started is gone afterwards; a failure leaves a picture and the program's log. */
export function story(name, play) {
  test(name, { timeout: 240_000 }, async () => {
    const desk = newDesk();
    try {
      await play(desk);
    } catch (error) {
      const picture = await desk.picture(`failed ${name}`.replace(/\W+/g, "-")).catch(() => "no picture");
      error.message += `\n${picture}\n${desk.log().slice(-4000)}`;
      throw error;
    } finally {
      await desk.clear();
    }
  });
}

/** A person's machine for one story: home, data directory, runtime directory, and the command line at hand. */
export function newDesk() {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "fb-desk-"));
  const at = (name) => {
    mkdirSync(join(folder, name), { recursive: true });
    return join(folder, name);
  };
  const desk = { folder, home: at("home"), data: at("data"), runtime: at("run") };
  chmodSync(desk.runtime, 0o700);
  desk.env = {
    HOME: desk.home,
    XDG_CONFIG_HOME: join(desk.home, ".config"),
    XDG_DATA_HOME: join(desk.home, ".local/share"),
    XDG_CACHE_HOME: join(desk.home, ".cache"),
    XDG_RUNTIME_DIR: desk.runtime,
    FLIGHTBOARD_DATA_DIR: desk.data,
    FLIGHTBOARD_DEMO_PACE: "0.05",
  };
  desk.windows = [];
  desk.open = (options) => openWindow(desk, options);
  desk.log = () => (existsSync(join(folder, "window.log")) ? readFileSync(join(folder, "window.log"), "utf8") : "");
  desk.picture = async (name) => (await desk.windows.at(-1)?.screenshot(name)) ?? "no window";
  /** The command line on the same data directory; its JSON. */
  desk.flightboard = async (...args) => {
    const { stdout } = await execute(program("flightboard"), ["--json", ...args], {
      env: { ...process.env, ...desk.env },
    });
    return JSON.parse(stdout);
  };
  /** Starts a program here, its standard error in the log; it is ended with the story. */
  desk.start = (file, ...args) => {
    const log = openSync(join(folder, "window.log"), "a");
    const child = spawn(file, args, { env: { ...process.env, ...desk.env }, stdio: ["ignore", "pipe", log] });
    closeSync(log);
    return child;
  };
  /** Waits for a line in what the programs here complained of. */
  desk.logged = (wanted) => until(`${wanted} in the log`, () => wanted.test(desk.log()));
  desk.repository = (name, files = { "README.md": "# Example\n" }) => newRepository(at(name), files);
  desk.clear = async () => {
    for (const window of desk.windows) await window.close();
    // Agents outlive the window by design; here they must not outlive the story.
    await until(`nothing runs below ${folder}`, () => {
      const left = processesOf(folder);
      for (const pid of left) killQuietly(pid);
      return left.length === 0;
    });
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return desk;
}

/** A git repository with one commit. */
async function newRepository(folder, files) {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const git = (...args) =>
    execute("git", ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", ...args], { cwd: folder });
  await git("init", "-q", "-b", "main");
  await git("add", ".");
  await git("commit", "-q", "-m", "start");
  return folder;
}

/** Opens the window at a desk and waits until the interface has painted. */
export async function openWindow(
  desk,
  { binary = program("flightboard-desktop"), args = [], env = {}, painted = PAINTED } = {},
) {
  const port = await freePort();
  const log = openSync(join(desk.folder, "window.log"), "a");
  // The last two are what tauri-driver sets: they make the webview accept automation.
  const driverEnv = { ...process.env, ...desk.env, ...env, TAURI_AUTOMATION: "true", TAURI_WEBVIEW_AUTOMATION: "true" };
  const server = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
    env: driverEnv,
    // Never our own output: a program that lingers would keep the test run's pipe open.
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  try {
    await listening(port, server);
    // Not the Builder: it insists on a browser's name, and the webview refuses any name that is not its own.
    const wanted = new Capabilities({ "webkitgtk:browserOptions": { binary, args } });
    const driver = WebDriver.createSession(new Executor(new HttpClient(`http://127.0.0.1:${port}`)), wanted);
    await driver.getSession();
    const pid = runningAt(desk, binary);
    if (pid === undefined) throw new Error(`${basename(binary)} is not running`);
    const window = new Window(driver, server, pid);
    desk.windows.push(window);
    await window.until("the interface has painted", () => driver.executeScript(painted));
    return window;
  } catch (error) {
    server.kill("SIGKILL");
    throw error;
  }
}

class Window {
  constructor(driver, server, pid) {
    this.driver = driver;
    this.server = server;
    this.pid = pid;
  }

  /** Waits for something to become true; `what` is the sentence of the failure. */
  until(what, look, patience = PATIENCE) {
    const settled = async () => {
      try {
        return await look();
      } catch (error) {
        // The element went while it was looked at: look again.
        if (/stale|no such element/i.test(error.name + error.message)) return false;
        throw error;
      }
    };
    return this.driver.wait(settled, patience, `waited for: ${what}`, 50);
  }

  /** The visible element of that ARIA role whose accessible name matches; waits for it. Names match in part. */
  role(role, name = "", patience = PATIENCE) {
    return this.until(`${role} "${name}"`, () => this.roleNow(role, name), patience);
  }

  roleNow(role, name = "") {
    const pattern = name instanceof RegExp ? [name.source, name.flags] : [escaped(name), "i"];
    return this.driver.executeScript(FIND_BY_ROLE, role, ...pattern);
  }

  /** Waits until no such element is visible. */
  gone(role, name = "") {
    return this.until(`no more ${role} "${name}"`, async () => !(await this.roleNow(role, name)));
  }

  testId(id) {
    return this.css(`[data-testid="${id}"]`);
  }

  /** Card T-number, once it is in that column. */
  cardIn(column, number) {
    return this.css(`[data-testid="column-${column}"] [data-testid="card-T-${number}"]`);
  }

  css(selector) {
    return this.until(selector, () =>
      this.driver.executeScript("return document.querySelector(arguments[0])", selector),
    );
  }

  /** Waits for text anywhere in the page, or within an element. */
  text(wanted, within) {
    const has = (text) => (wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted));
    return this.until(`text ${wanted}`, async () => has(await this.textNow(within)));
  }

  textNow(within) {
    return this.driver.executeScript("return (arguments[0] ?? document.body).innerText", within ?? null);
  }

  /** What the terminal shows, a line for each row. */
  terminalText() {
    return this.driver.executeScript(
      "return [...document.querySelectorAll('.xterm-rows > *')].map((row) => row.textContent.replace(/\\u00a0/g, ' ').trimEnd()).join('\\n')",
    );
  }

  terminalShows(wanted, patience = PATIENCE) {
    const has = (text) => (wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted));
    return this.until(`terminal text ${wanted}`, async () => has(await this.terminalText()), patience);
  }

  async click(element) {
    await this.driver.executeScript("arguments[0].scrollIntoView({ block: 'nearest' })", element);
    await this.driver.actions().move({ origin: element }).click().perform();
  }

  contextClick(element) {
    return this.driver.actions().contextClick(element).perform();
  }

  focus(element) {
    return this.driver.executeScript("arguments[0].focus()", element);
  }

  /** Waits until the element of that test id has the keyboard. */
  focused(id) {
    const now = () => this.driver.executeScript("return document.activeElement?.dataset.testid");
    return this.until(`${id} has the focus`, async () => (await now()) === id);
  }

  /** Waits for what a screen reader would say. */
  announced(sentence) {
    const said = "return [...document.querySelectorAll('[aria-live]')].map((live) => live.textContent).join('\\n')";
    return this.until(`"${sentence}" is announced`, async () =>
      (await this.driver.executeScript(said)).includes(sentence),
    );
  }

  /** Types where the focus is. */
  type(text) {
    return this.driver.actions().sendKeys(text).perform();
  }

  /** A chord such as press(Key.CONTROL, "k"). */
  async press(...keys) {
    const actions = this.driver.actions();
    for (const key of keys) actions.keyDown(key);
    for (const key of keys.toReversed()) actions.keyUp(key);
    await actions.perform();
  }

  /**
   * Drags with the mouse as a hand does: press, leave the spot, travel in steps, hover, release. Drag sensors want
   * the moves in between; a jump from start to end is taken for a click.
   */
  async drag(from, to, { steps = 12 } = {}) {
    const start = await this.centre(from);
    const end = await this.centre(to);
    const actions = this.driver.actions({ async: true });
    actions.move({ x: start.x, y: start.y, origin: Origin.VIEWPORT }).press();
    for (let i = 1; i <= steps; i += 1) {
      const part = i / steps;
      const x = Math.round(start.x + (end.x - start.x) * part);
      const y = Math.round(start.y + (end.y - start.y) * part);
      actions.move({ x, y, origin: Origin.VIEWPORT, duration: 20 });
    }
    actions.move({ x: end.x + 1, y: end.y + 1, origin: Origin.VIEWPORT, duration: 50 }).release();
    await actions.perform();
  }

  centre(element) {
    return this.driver.executeScript(
      "const r = arguments[0].getBoundingClientRect(); return { x: Math.round(r.x + r.width / 2), y: Math.round(r.y + r.height / 2) }",
      element,
    );
  }

  /** Gives the page that many pixels, and waits until it has them. */
  async resize(width, height) {
    await this.driver.manage().window().setRect({ x: 0, y: 0, width, height });
    const size = "return innerWidth === arguments[0] && innerHeight === arguments[1]";
    await this.until(`${width}×${height}`, () => this.driver.executeScript(size, width, height));
  }

  /** Keeps a picture in tests/desktop/results/. */
  async screenshot(name) {
    mkdirSync(RESULTS, { recursive: true });
    const file = join(RESULTS, `${name}.png`);
    await this.driver.executeScript(KEEP_PAINTING);
    writeFileSync(file, await this.driver.takeScreenshot(), "base64");
    await this.driver.executeScript("clearInterval(window.painting)");
    return file;
  }

  /** SIGKILL for the program, as the kernel's out-of-memory killer would do it. The window object is dead after it. */
  async kill() {
    this.closed = true;
    process.kill(this.pid, "SIGKILL");
    await until(`process ${this.pid} is gone`, () => !isRunning(this.pid));
    await this.endServer();
  }

  /** Closes the window in the orderly way. */
  async close() {
    if (this.closed) return;
    this.closed = true;
    await this.driver.quit();
    await this.endServer();
    if (this.pid && isRunning(this.pid)) process.kill(this.pid, "SIGTERM");
    await until(`process ${this.pid} is gone`, () => !isRunning(this.pid));
  }

  async endServer() {
    if (this.server.exitCode !== null || this.server.signalCode !== null) return;
    const ended = once(this.server, "exit");
    this.server.kill("SIGTERM");
    await ended;
  }
}

// WebKit answers a wish for a picture after its next paint, and a window in which nothing moves never paints again.
const KEEP_PAINTING = `
  const shade = document.documentElement.style;
  window.painting = setInterval(() => { shade.outline = shade.outline ? "" : "1px solid transparent"; }, 30);
`;

// Roles as people hear them: explicit ones and the common tags' own. Runs inside the page.
const FIND_BY_ROLE = `
  const [role, source, flags] = arguments;
  const tags = {
    button: "button,summary,input[type=submit],input[type=button]", link: "a[href]", dialog: "dialog[open]",
    textbox: "input:not([type]),input[type=text],input[type=search],input[type=email],textarea,[contenteditable=true]",
    checkbox: "input[type=checkbox]", combobox: "select", heading: "h1,h2,h3,h4,h5,h6", list: "ul,ol", listitem: "li",
    region: "section[aria-label],section[aria-labelledby]", main: "main", navigation: "nav", img: "img", article: "article",
  };
  const implicit = tags[role] ? tags[role].split(",").map((tag) => tag + ":not([role])").join(",") + "," : "";
  const pattern = new RegExp(source, flags);
  const named = (element) => {
    const by = element.getAttribute("aria-labelledby");
    const labels = by ? by.split(/\\s+/).map((id) => document.getElementById(id)?.innerText ?? "").join(" ") : "";
    return labels || element.getAttribute("aria-label") || [...(element.labels ?? [])].map((l) => l.innerText).join(" ")
      || words(element) || element.getAttribute("title") || element.getAttribute("placeholder") || element.alt || "";
  };
  // Not innerText: it forgets the spaces around what only screen readers see.
  const words = (element) => {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let all = "";
    while (texts.nextNode()) all += (blockAbove(texts.currentNode) ? " " : "") + texts.currentNode.data;
    return all.replace(/\\s+/g, " ").trim();
  };
  const blockAbove = (text) => !text.previousSibling && getComputedStyle(text.parentElement).display !== "inline";
  const visible = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";
  return [...document.querySelectorAll(implicit + '[role="' + role + '"]')]
    .find((element) => visible(element) && pattern.test(named(element))) ?? null;
`;

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

export async function until(what, look) {
  const end = Date.now() + PATIENCE;
  while (!look()) {
    if (Date.now() > end) throw new Error(`waited for: ${what}`);
    await pause(20);
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

async function listening(port, server) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${server.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > end) throw new Error("WebKitWebDriver does not listen");
    await pause(20);
  }
}

/** Processes that have the folder in their environment or among their arguments. */
function processesOf(folder) {
  const has = (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8").includes(folder);
    } catch {
      return false;
    }
  };
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.map(Number).filter((pid) => isRunning(pid) && (has(pid, "environ") || has(pid, "cmdline")));
}

function killQuietly(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

/** The program that runs at a desk, if any: WebDriver does not say which process it started, its environment does. */
export function runningAt(desk, binary) {
  const wanted = realpathSync(binary);
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/exe`) === wanted && readFileSync(`/proc/${pid}/environ`, "utf8").includes(desk.data)
      );
    } catch {
      // It ended while we looked, or is not ours to look at.
      return false;
    }
  });
  return found && Number(found);
}

export function isRunning(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
