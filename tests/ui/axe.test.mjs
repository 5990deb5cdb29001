// The card's page under axe, tab by tab and in both themes: names, roles, contrast, focus order.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "./stage.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, nodes }) => ({
    id,
    where: nodes.map((node) => [node.target.join(" "), node.any[0]?.message]),
  }));
}

function furnish(stage, theme) {
  const plain = stage.operations.get_task();
  const artifact = { id: 1, run: 7, path: "notes.md", kind: "markdown", size: 9, hash: "a", at: Date.now() };
  const entry = { seq: 1, at: Date.now(), actor: "you", kind: "task.added", text: "added to Inbox", run: null };
  const file = { path: "src/lib.rs", from: null, kind: "modified", added: 1, removed: 1, binary: false };
  const log = ["one", "two", "three"];
  Object.assign(stage.operations, {
    get_settings: () => ({ theme, last_agent: null, last_project: null, welcomed: true, editor: [] }),
    get_task: () => ({
      ...plain,
      description: "Do **this**, see [there](https://example.com).",
      artifacts: [artifact],
    }),
    get_timeline: () => [entry],
    get_changes: () => ({
      count: { files: 1, added: 1, removed: 1 },
      files: [file],
      cut: false,
      commits: 1,
      note: null,
    }),
    get_diff: () => ({ path: file.path, patch: "@@ -1 +1 @@\n-let a = 1;\n+let a = 2;\n", cut: false }),
    read_lines: () => ({ first: 0, lines: log, total: log.length }),
    read_artifact: () => ({ artifact, data: Buffer.from("# Heading").toString("base64"), total: 9 }),
  });
}

const SIGNS = {
  terminal: (page) => expect(page.locator(".xterm-rows")).toContainText("ready"),
  log: (page) => expect(page.getByText("three")).toBeVisible(),
  changes: (page) => expect(page.getByLabel("Changes in src/lib.rs")).toBeVisible(),
  artifacts: (page) => expect(page.getByRole("heading", { name: "Heading" })).toBeVisible(),
  timeline: (page) => expect(page.getByRole("tabpanel").getByText("added to Inbox")).toBeVisible(),
  runs: (page) => expect(page.getByRole("list", { name: "Runs" })).toBeVisible(),
};

for (const theme of ["dark", "light"]) {
  for (const [tab, ready] of Object.entries(SIGNS)) {
    test(`the ${tab} tab in ${theme} has nothing for axe to complain of`, async ({ stage }) => {
      furnish(stage, theme);
      await stage.open(`/task/1?tab=${tab}`);
      if (tab === "terminal") {
        const terminal = await stage.terminal();
        terminal.size(80, 24);
        terminal.reset(
          "ready \x1b[31mred \x1b[33myellow \x1b[90mgrey \x1b[37mwhite\x1b[0m \x1b[2mfaint \x1b[33mfaint yellow \x1b[90mfaint grey\x1b[0m\r\n",
        );
      }
      await ready(stage.page);
      expect(await violations(stage.page)).toEqual([]);
    });
  }
}
