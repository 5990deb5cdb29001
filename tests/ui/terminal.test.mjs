// The terminal between the engine's frames and a person's hands: flow control, who answers the agent's queries, and
// what hostile output may not do without being asked about.

import { expect, test } from "./stage.mjs";

const PAUSE_ABOVE = 100_000;
const RESUME_BELOW = 5_000;

test.beforeEach(async ({ stage }) => {
  await stage.open("/task/1");
});

async function ready(stage, screen = "ready\r\n") {
  const terminal = await stage.terminal();
  terminal.size(100, 30);
  terminal.reset(screen);
  await expect(stage.page.locator(".xterm-rows")).toContainText(screen.trim().split(/\s/)[0]);
  return terminal;
}

const screen = (page) => page.locator(".xterm-rows");
/** xterm hears the mouse on a layer above its text, so the text is clicked by place. */
async function clickText(page, text) {
  const box = await page.getByText(text).first().boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x - 4, y);
  await page.mouse.move(x, y);
  await page.mouse.click(x, y);
}
const typeInto = async (page, keys) => {
  await page.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type(keys);
};

test("every byte is acknowledged, and a flood that obeys the acknowledgements never stalls", async ({ stage }) => {
  const terminal = await ready(stage);
  const line = `${"flood ".repeat(40)}\r\n`;
  const piece = line.repeat(Math.floor(16_384 / line.length));
  let sent = "ready\r\n".length;
  for (let i = 0; i < 200; i++) {
    if (sent - terminal.acked + piece.length > PAUSE_ABOVE) {
      while (sent - terminal.acked > RESUME_BELOW) await terminal.ack();
    }
    terminal.output(piece);
    sent += piece.length;
  }
  terminal.output("the end\r\n");
  sent += "the end\r\n".length;
  await expect.poll(() => terminal.acked).toBe(sent);
  await expect(screen(stage.page)).toContainText("the end");
});

test("what the engine answers is not answered again; a mode that only a screen knows is, once", async ({ stage }) => {
  const terminal = await ready(stage, "ready\r\n\x1b[c\x1b[6n\x1b]11;?\x1b\\\x1b[?25$p");
  terminal.output("\x1b[c\x1b[6n\x1b]11;?\x1b\\\x1b[?25$p");
  await expect.poll(() => terminal.typed).toBe("\x1b[?25;1$y");
});

test("a reset replaces the screen and what was above it", async ({ stage }) => {
  const terminal = await ready(stage);
  terminal.output("before\r\n".repeat(200));
  terminal.reset("after");
  await expect(screen(stage.page)).toContainText("after");
  await expect(screen(stage.page)).not.toContainText("before");
});

test("keys travel as typed, several scripts too", async ({ stage }) => {
  const terminal = await ready(stage);
  await typeInto(stage.page, "ls é\r");
  await expect.poll(() => terminal.typed).toBe("ls é\r");
});

test("a link shows where it leads and opens only when told to", async ({ stage }) => {
  const { page } = stage;
  await page.evaluate(() => {
    window.opened = [];
    window.open = (url) => window.opened.push(url);
  });
  const terminal = await ready(stage);
  terminal.output("\x1b]8;;https://evil.example/x\x1b\\good.example\x1b]8;;\x1b\\\r\n");
  await expect(page.getByText("good.example").first()).toBeVisible();
  await clickText(page, "good.example");
  const question = page.getByRole("alertdialog");
  await expect(question).toContainText("evil.example");
  expect(await page.evaluate(() => window.opened)).toEqual([]);
  await question.getByRole("button", { name: "Open" }).click();
  await expect.poll(() => page.evaluate(() => window.opened)).toEqual(["https://evil.example/x"]);
});

test("a link with another scheme is refused", async ({ stage }) => {
  const terminal = await ready(stage);
  terminal.output("\x1b]8;;file:///etc/passwd\x1b\\click me\x1b]8;;\x1b\\\r\n");
  await expect(stage.page.getByText("click me").first()).toBeVisible();
  await clickText(stage.page, "click me");
  const question = stage.page.getByRole("alertdialog");
  await expect(question).toContainText("Only http, https and mailto");
  await expect(question.getByRole("button", { name: "Open" })).toHaveCount(0);
});

async function paste(page, text) {
  await page.locator(".xterm-helper-textarea").evaluate((field, pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

test("several lines are pasted into a plain program only after a question", async ({ stage }) => {
  const terminal = await ready(stage);
  await paste(stage.page, "one\ntwo");
  const question = stage.page.getByRole("alertdialog");
  await expect(question).toContainText("Paste 2 lines?");
  expect(terminal.typed).toBe("");
  await question.getByRole("button", { name: "Paste" }).click();
  await expect.poll(() => terminal.typed).toBe("one\rtwo");
});

test("a program that brackets pastes gets them whole, and no escape can break out", async ({ stage }) => {
  const terminal = await ready(stage, "ready\r\n\x1b[?2004h");
  await paste(stage.page, "one\ntwo\x1b[201~three");
  await expect.poll(() => terminal.typed).toBe("\x1b[200~one\rtwo[201~three\x1b[201~");
});

test("the clipboard is written only after a question and never read", async ({ stage, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const terminal = await ready(stage);
  terminal.output("\x1b]52;c;?\x07");
  terminal.output(`\x1b]52;c;${Buffer.from("rm -rf /").toString("base64")}\x07`);
  const question = stage.page.getByRole("alertdialog");
  await expect(question).toContainText("rm -rf /");
  await question.getByRole("button", { name: "Deny" }).click();
  await expect(question).toHaveCount(0);
  expect(terminal.typed).toBe("");
});

test("a run that ends says how and takes no more keys", async ({ stage }) => {
  const terminal = await ready(stage);
  terminal.exited({ code: null, signal: 9, ended_at: Date.now() });
  await expect(stage.page.getByText("ended by signal 9 (kill)")).toBeVisible();
  await typeInto(stage.page, "too late");
  expect(terminal.typed).toBe("");
});

test("output that is only in the log is pointed to", async ({ stage }) => {
  const terminal = await ready(stage);
  terminal.earlier(1_000_000);
  await stage.page.getByRole("button", { name: "earlier output is in the Log tab" }).click();
  await expect(stage.page.getByRole("tab", { name: "Log" })).toHaveAttribute("aria-selected", "true");
});

test("a terminal behind another tab is not fed, and is again when it returns", async ({ stage }) => {
  const terminal = await ready(stage);
  await stage.page.getByRole("tab", { name: "Timeline" }).click();
  await expect.poll(() => terminal.shown).toEqual([false]);
  await stage.page.getByRole("tab", { name: "Terminal" }).click();
  await expect.poll(() => terminal.shown).toEqual([false, true]);
  expect(stage.terminals).toHaveLength(1);
});

test("the window's size becomes the terminal's, once it has settled", async ({ stage }) => {
  const terminal = await ready(stage);
  const before = terminal.sizes.length;
  for (const width of [1300, 1200, 1100, 1000]) await stage.page.setViewportSize({ width, height: 700 });
  await expect.poll(() => terminal.sizes.length).toBeGreaterThan(before);
  await expect(async () => {
    const last = terminal.sizes.at(-1);
    await expect(stage.page.getByText(`${last.cols}×${last.rows}`)).toBeVisible({ timeout: 1_000 });
  }).toPass();
});

test("a lost connection says so and comes back with the screen", async ({ stage }) => {
  const terminal = await ready(stage);
  await terminal.socket.close();
  await expect
    .poll(async () => {
      const again = stage.page.getByRole("button", { name: "Reconnect" });
      if (await again.isVisible()) await again.click();
      return stage.terminals.length;
    })
    .toBe(2);
  stage.terminals[1].reset("back again");
  await expect(screen(stage.page)).toContainText("back again");
});

test("find counts what it finds", async ({ stage }) => {
  const terminal = await ready(stage);
  terminal.output("needle hay needle hay needle\r\n");
  await stage.page.keyboard.press("Control+f");
  await stage.page.getByLabel("Find in the terminal").fill("needle");
  await expect(stage.page.getByText("of 3")).toBeVisible();
  await stage.page.getByLabel("Find in the terminal").press("Escape");
  await expect(stage.page.getByLabel("Find in the terminal")).toHaveCount(0);
});

test("the keyboard leaves the terminal by Shift+Escape", async ({ stage }) => {
  const terminal = await ready(stage);
  await typeInto(stage.page, "x");
  await stage.page.keyboard.press("Shift+Escape");
  await expect(stage.page.getByRole("tab", { name: "Terminal" })).toBeFocused();
  expect(terminal.typed).toBe("x");
});
