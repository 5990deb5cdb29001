// The card's page in a browser: a log too long for any page, artifacts of every kind under the strict policy, and the
// keyboard. The engine is played by the test; see stage.mjs.

import { expect, run, test } from "./stage.mjs";

const LINES = 5_000_000;

/** A log that is never in memory: each line is made when it is asked for. */
function hugeLog(stage) {
  stage.operations.read_lines = ({ first, count }) => ({
    first,
    lines: Array.from(
      { length: Math.max(0, Math.min(count, LINES - first)) },
      (_, at) => `line number ${first + at + 1}`,
    ),
    total: LINES,
  });
  stage.operations.search_log = ({ text }) => [
    { offset: 0, line: 12, text: `first ${text}` },
    { offset: 0, line: 4_321_000, text: `second ${text}` },
  ];
}

test("a log of five million lines opens at its end and is searched in place", async ({ stage }) => {
  hugeLog(stage);
  const { page } = stage;
  await stage.open("/task/1?tab=log");
  await expect(page.getByText("line number 5000000")).toBeVisible();
  expect(await page.locator("*").count()).toBeLessThan(3_000);

  await page.getByLabel("Search the whole log").fill("number");
  await page.getByLabel("Search the whole log").press("Enter");
  await expect(page.getByText("line number 12", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Next" }).click();
  await expect(page.getByText("line number 4321000", { exact: true })).toBeVisible();
  await expect(page.getByText("2 of 2")).toBeVisible();
});

test("a log can be scrolled through where its window on the lines moves", async ({ stage }) => {
  hugeLog(stage);
  const { page } = stage;
  await stage.open("/task/1?tab=log");
  await expect(page.getByText("line number 5000000")).toBeVisible();
  const log = page.getByLabel("Log of run 1");
  const firstShown = () => log.evaluate((view) => Number(/line number (\d+)/.exec(view.innerText)?.[1] ?? 0));
  // Up past where the window must move: 97,000 lines of 18 px, in steps.
  for (let step = 0; step < 10; step++) await log.evaluate((view) => view.scrollBy(0, -9_700 * 18));
  await expect.poll(firstShown).toBeGreaterThan(4_800_000);
  await expect.poll(firstShown).toBeLessThan(4_910_000);
  const before = await firstShown();
  await log.evaluate((view) => view.scrollBy(0, -1_000 * 18));
  await expect.poll(firstShown).toBeLessThan(before - 900);
  expect(await firstShown()).toBeGreaterThan(before - 1_100);
});

test("new lines are followed at the end, and leave a reader elsewhere alone", async ({ stage }) => {
  const { page } = stage;
  const lines = Array.from({ length: 3_000 }, (_, at) => `row ${at + 1}.`);
  stage.operations.read_lines = ({ first, count }) => ({
    first,
    lines: lines.slice(first, first + count),
    total: lines.length,
  });
  await stage.open("/task/1?tab=log");
  await expect(page.getByText("row 3000.")).toBeVisible();
  const grow = (text) => {
    lines.push(text);
    stage.tell({ type: "live", task: 1, run: 7, status: "working", last_line: text, output_bytes: lines.length * 9 });
  };
  grow("row fresh.");
  await expect(page.getByText("row fresh.")).toBeVisible();
  await page.getByRole("button", { name: "Top", exact: true }).click();
  await expect(page.getByText("row 1.", { exact: true })).toBeVisible();
  grow("row unseen.");
  await expect(page.getByText("of 3,002")).toBeVisible();
  await expect(page.getByText("row 1.", { exact: true })).toBeVisible();
});

const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R>>endobj
4 0 obj<</Length 31>>stream
1 0 0 rg 0 0 200 200 re f
endstream endobj
trailer<</Root 1 0 R>>
%%EOF`;

const ARTIFACTS = {
  "page.html": ["html", "<h1>Report</h1><script>document.body.innerHTML = 'scripts run'</script>"],
  "plan.pdf": ["pdf", PDF],
  "dot.svg": [
    "image",
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30"/></svg>',
  ],
  "data.json": ["json", '{"answer": 42, "deep": {"deeper": {"deepest": "found"}}}'],
  "table.csv": ["csv", 'name,figure\n"a, b",7\n'],
  "notes.md": ["markdown", "# Heading\n\n[link](javascript:alert(1)) <b onclick=x>raw</b>"],
  "fix.diff": ["diff", "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n"],
  "core.bin": ["binary", "\u0000\u0001ABC"],
};

function withArtifacts(stage) {
  const paths = Object.keys(ARTIFACTS);
  const artifacts = paths.map((path, at) => {
    const [kind, content] = ARTIFACTS[path];
    return { id: at + 1, run: 7, path, kind, size: content.length, hash: `${at}`, at: Date.now() };
  });
  const plain = stage.operations.get_task;
  stage.operations.get_task = (request) => ({ ...plain(request), artifacts });
  stage.operations.read_artifact = ({ id, offset, len }) => {
    const bytes = Buffer.from(ARTIFACTS[paths[id - 1]][1]);
    return {
      artifact: artifacts[id - 1],
      data: bytes.subarray(offset, offset + len).toString("base64"),
      total: bytes.length,
    };
  };
}

const choose = (page, name) => page.getByRole("list", { name: "Artifacts" }).getByRole("button", { name }).click();

test("artifacts of every kind are shown as data, under the strict policy", async ({ stage }) => {
  const { page } = stage;
  withArtifacts(stage);
  await stage.open("/task/1?tab=artifacts");

  await choose(page, "page.html");
  const frame = page.frameLocator("iframe[sandbox='']");
  await expect(frame.getByRole("heading", { name: "Report" })).toBeVisible();
  await expect(frame.getByText("scripts run")).toHaveCount(0);

  await choose(page, "plan.pdf");
  await expect(page.getByRole("img", { name: "Page 1" })).toBeVisible();
  const middle = () =>
    page
      .locator("canvas")
      .evaluate((canvas) => [
        ...canvas.getContext("2d").getImageData(Math.floor(canvas.width / 2), Math.floor(canvas.height / 2), 1, 1).data,
      ]);
  await expect.poll(middle).toEqual([255, 0, 0, 255]);

  await choose(page, "dot.svg");
  await expect(page.getByText("40 × 30")).toBeVisible();

  await choose(page, "data.json");
  await expect(page.getByText("42", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: /"deeper"/ }).click();
  await expect(page.getByText('"found"')).toBeVisible();

  await choose(page, "table.csv");
  await expect(page.getByText("a, b")).toBeVisible();

  await choose(page, "notes.md");
  await expect(page.getByRole("heading", { name: "Heading" })).toBeVisible();
  await expect(page.getByRole("link")).toHaveCount(0);

  await choose(page, "fix.diff");
  await expect(page.getByLabel("Changes in fix.diff").getByText("new", { exact: true })).toBeVisible();

  await choose(page, "core.bin");
  await expect(page.getByText("00 01 41 42 43")).toBeVisible();
});

test("numbers choose tabs, Escape leads back to the board, and neither while typing", async ({ stage }) => {
  const { page } = stage;
  await stage.open("/task/1");
  const tab = (name) => page.getByRole("tab", { name });
  await expect(tab("Terminal")).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("5");
  await expect(tab("Timeline")).toHaveAttribute("aria-selected", "true");
  await expect(page).toHaveURL(/tab=timeline/);
  await page.getByLabel("Message", { exact: true }).focus();
  await page.keyboard.type("2");
  await expect(tab("Timeline")).toHaveAttribute("aria-selected", "true");
  await expect(page.getByLabel("Message", { exact: true })).toHaveValue("2");
  await tab("Timeline").focus();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/(\?.*)?$/);
});

test("a message is typed into the terminal with its Enter, and what fails is kept", async ({ stage }) => {
  const { page } = stage;
  const sent = [];
  stage.operations.send_input = (request) => {
    sent.push(request);
    return {};
  };
  await stage.open("/task/1");
  const box = page.getByLabel("Message", { exact: true });
  await box.fill("go on");
  await box.press("Control+Enter");
  await expect(box).toHaveValue("");
  expect(sent).toEqual([{ run: 7, text: "\x1b[200~go on\x1b[201~\r" }]);

  stage.operations.send_input = undefined;
  await box.fill("lost?");
  await box.press("Enter");
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(box).toHaveValue("lost?");
});

test("a card that waits for a person shows the question and leads to the terminal", async ({ stage }) => {
  const { page } = stage;
  const waiting = run({ status: "waiting", reason: "May I run cargo update?", evidence: "OSC 7501 blocked" });
  const plain = stage.operations.get_task();
  const card = { ...plain.card, needs_you: true, run: { ...plain.card.run, status: "waiting" } };
  stage.operations.get_board = () => ({ seq: 1, now: Date.now(), cards: [card] });
  stage.operations.get_task = () => ({ ...plain, card, runs: [waiting] });
  await stage.open("/task/1?tab=timeline");
  const bar = page.getByTestId("ask-bar");
  await expect(bar).toContainText("May I run cargo update?");
  await bar.getByRole("button", { name: "Answer in the terminal" }).click();
  const terminal = await stage.terminal();
  terminal.size(80, 24);
  terminal.reset("? ");
  await expect(page.locator(".xterm-helper-textarea")).toBeFocused();
});
