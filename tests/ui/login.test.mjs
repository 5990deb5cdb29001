// How a browser comes to the board: by a link that is good once, typed, followed from elsewhere, or opened by
// `flightboard serve --open`; and what a person reads who has none, or a used one.

import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test as base, enter, expect } from "./harness.mjs";

// These stand at the door; nobody has logged in for them.
const test = base.extend({
  visitor: async ({ browser }, use) => {
    const context = await browser.newContext();
    await use(await context.newPage());
    await context.close();
  },
});

test("a link opens one browser; the second is told why not and where the next link is", async ({
  server,
  visitor,
  browser,
}) => {
  await enter(visitor, server);
  await expect(visitor.getByRole("button", { name: "Skip to the board" })).toBeVisible();
  await visitor.reload();
  await expect(visitor.getByRole("button", { name: "Skip to the board" })).toBeVisible();

  const other = await browser.newContext();
  const second = await other.newPage();
  const refused = await second.goto(server.address);
  expect(refused.status()).toBe(401);
  await expect(second.getByRole("heading")).toHaveText("This login link no longer opens anything");
  await expect(second.locator("p")).toHaveText(
    "Each link opens one browser, once. The terminal that runs flightboard serve shows a new one.",
  );
  await second.goto(new URL("/", server.address).href);
  await expect(second.getByRole("heading")).toHaveText("This browser is not logged in");
  await other.close();
});

test("the used link is followed by a new one in the server’s terminal, and that one opens another browser", async ({
  server,
  visitor,
  browser,
}) => {
  const told = new Promise((resolve) => {
    server.lines.on("line", (line) => line.startsWith("That link was used.") && resolve(line));
  });
  await enter(visitor, server);
  const address = /http:\S+/.exec(await told)[0];
  const other = await browser.newContext();
  const second = await other.newPage();
  await enter(second, { address });
  await expect(second.getByRole("button", { name: "Skip to the board" })).toBeVisible();
  await other.close();
});

test("a link that another site’s page leads to works as well", async ({ server, visitor }) => {
  const site = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end(`<a href="${server.address}">my board</a>`);
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  await visitor.goto(`http://localhost:${site.address().port}/`);
  await visitor.getByRole("link", { name: "my board" }).click();
  await expect(visitor.getByRole("button", { name: "Skip to the board" })).toBeVisible();
  site.close();
});

test("serve --open gives the browser a file for its owner’s eyes alone, which leads to the board", async ({
  machine,
  server,
  visitor,
}) => {
  await server.stop();
  // The desktop's own way to open something, which notes what it was given.
  const bin = join(machine.folder, "bin");
  const given = join(machine.folder, "given");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "xdg-open"),
    `#!/bin/sh\nprintf %s "$*" > '${given}.part' && mv '${given}.part' '${given}'\n`,
    {
      mode: 0o755,
    },
  );
  await server.start({ args: ["--open"], env: { PATH: `${bin}:${process.env.PATH}` } });
  await expect.poll(() => existsSync(given)).toBe(true);
  const file = readFileSync(given, "utf8");
  expect(file, "the link is in no program’s arguments").not.toContain("token");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await visitor.goto(pathToFileURL(file).href);
  await expect(visitor.getByRole("button", { name: "Skip to the board" })).toBeVisible();
  await server.stop();
  expect(existsSync(file)).toBe(false);
});

test("two browsers see each other’s changes, and both terminals are live", async ({
  server,
  machine,
  visitor,
  browser,
}) => {
  const told = new Promise((resolve) => {
    server.lines.on("line", (line) => line.startsWith("That link was used.") && resolve(line));
  });
  await enter(visitor, server);
  const context = await browser.newContext();
  const other = await context.newPage();
  await enter(other, { address: /http:\S+/.exec(await told)[0] });
  for (const page of [visitor, other]) await page.getByRole("button", { name: "Skip to the board" }).click();
  await visitor.keyboard.press("c");
  await visitor.getByRole("dialog").getByLabel("Title").fill("From one browser");
  await visitor.keyboard.press("Control+Enter");
  await expect(other.getByTestId("card-T-1")).toContainText("From one browser");

  await machine.flightboard(
    "run",
    "1",
    "--agent",
    "custom",
    "--",
    "sh",
    "-c",
    'read line; echo "heard $line"; sleep 60',
  );
  for (const page of [visitor, other]) await page.getByTestId("card-T-1").press("Enter");
  for (const page of [visitor, other]) await expect(page.getByTestId("terminal")).toBeVisible();
  const box = other.getByLabel("Message", { exact: true });
  await box.fill("both");
  await box.press("Enter");
  for (const page of [visitor, other]) await expect(page.locator(".xterm-rows")).toContainText("heard both");
  await context.close();
});
