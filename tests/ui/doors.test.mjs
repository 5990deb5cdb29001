// Keys and webhooks in the settings, against the real engine: a key that is made here opens the real door and is shut
// out once it is revoked; a webhook's messages reach a real server, signed with the secret that was shown.

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { cleanInBoth } from "./clean.mjs";
import { test as base, expect } from "./harness.mjs";

const test = base.extend({
  page: async ({ page }, use) => {
    await page.getByRole("button", { name: "Skip to the board" }).click();
    await expect(page.getByTestId("column-inbox")).toBeVisible();
    await use(page);
  },

  /** A program that hears webhooks; `answer` says with which status. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern.
  listener: async ({}, use) => {
    const heard = [];
    const listener = { heard, answer: 200 };
    const server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.statusCode = listener.answer;
      response.end(listener.answer === 200 ? "" : "not today");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    listener.url = `http://127.0.0.1:${server.address().port}/hook`;
    await use(listener);
    server.closeAllConnections();
    server.close();
  },
});

const dialog = (page) => page.getByRole("dialog");

test("a key is shown once, opens the door as far as it says, and is shut out when it is revoked", async ({
  page,
  machine,
}) => {
  await machine.flightboard("add", "A card");
  await machine.flightboard("project", "add", await machine.repository("harbor"));
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Keys" }).click();
  await expect(page.getByText("No key yet.")).toBeVisible();
  await cleanInBoth(page, "doors-keys-empty");

  await page.getByRole("button", { name: "New key" }).click();
  await dialog(page).getByLabel("Name").fill("CI of the parser");
  await dialog(page).getByLabel("Role").selectOption("agent");
  await expect(dialog(page).getByLabel("Reaches")).toHaveValue("demo");
  await dialog(page).getByLabel("Role").selectOption("operator");
  await dialog(page).getByLabel("Reaches").selectOption("Project harbor");
  await dialog(page).getByLabel("Role").selectOption("viewer");
  await dialog(page).getByLabel("Reaches").selectOption("The whole board");
  await dialog(page).getByLabel("Lasts").selectOption("A week");
  await cleanInBoth(page, "doors-key-new");
  await page.keyboard.press("Enter");
  const secret = await dialog(page).getByTestId("secret").innerText();
  expect(secret).toMatch(/^fbk_/);
  await cleanInBoth(page, "doors-key-shown");
  await dialog(page).getByRole("button", { name: "I have kept it" }).click();
  const row = page.getByRole("list", { name: "Keys", exact: true }).getByRole("listitem");
  await expect(row).toContainText("CI of the parser");
  await expect(row).toContainText("Viewer");
  await expect(row).toContainText("never used");
  await expect(row).toContainText("ends in 7 d");
  expect(await page.content()).not.toContain(secret);

  const ask = (operation, body) =>
    fetch(new URL(`/rpc/${operation}`, page.url()), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
      body: JSON.stringify(body),
    }).then((answer) => answer.status);
  expect(await ask("list_cards", {})).toBe(200);
  expect(await ask("add_task", { title: "No" })).toBe(403);
  await page.reload();
  await expect(row).toContainText("last used now");

  await row.getByRole("button", { name: "Revoke CI of the parser" }).click();
  await cleanInBoth(page, "doors-key-revoke");
  await dialog(page).getByRole("button", { name: "Revoke" }).click();
  await expect(page.getByText("No key is good any more.")).toBeVisible();
  await page.getByText("Revoked and ended (1)").click();
  await expect(page.getByRole("list", { name: "Revoked and ended keys" })).toContainText("revoked");
  expect(await ask("list_cards", {})).toBe(401);
  // What the command line does is seen here.
  await machine.flightboard("key", "create", "From the shell", "--role", "admin");
  await expect(row).toContainText("From the shell");
});

test("a webhook is added, tried, told of what happens, paused and removed, and its log says how each went", async ({
  page,
  machine,
  listener,
}) => {
  await page.keyboard.press("Control+k");
  await expect(dialog(page)).toBeVisible();
  await page.keyboard.type("go to webhooks");
  await page.keyboard.press("Enter");
  await expect(page.getByText("No webhook yet.")).toBeVisible();
  await cleanInBoth(page, "doors-webhooks-empty");
  await page.getByRole("button", { name: "New webhook" }).click();
  await dialog(page).getByLabel("Address", { exact: true }).fill(listener.url);
  await dialog(page).getByLabel("Name").fill("The listener");
  await dialog(page).getByLabel("Events").fill("task.created,");
  await page.getByRole("button", { name: "Add the webhook" }).click();
  await expect(dialog(page).getByRole("alert")).toContainText("private");
  await cleanInBoth(page, "doors-webhook-refused");
  await dialog(page).getByLabel("The address may be of this machine or its network").check();
  await page.getByRole("button", { name: "Add the webhook" }).click();
  const secret = await dialog(page).getByTestId("secret").innerText();
  expect(secret).toMatch(/^whsec_/);
  await cleanInBoth(page, "doors-webhook-shown");
  await page.keyboard.press("Escape");

  const row = page.getByTestId("webhook-1");
  await expect(row).toContainText("task.created");
  await row.getByRole("button", { name: "Send a test The listener" }).click();
  await expect(page.getByText(/^The listener answered 200 in \d+ ms\.$/)).toBeVisible();
  const { headers, body } = listener.heard[0];
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signed = createHmac("sha256", key)
    .update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`)
    .digest("base64");
  expect(headers["webhook-signature"]).toBe(`v1,${signed}`);

  await row.getByRole("button", { name: "Log The listener" }).click();
  const log = page.getByRole("list", { name: "Messages to The listener" });
  await expect(log.getByRole("listitem")).toHaveCount(1);
  await machine.flightboard("add", "Told of");
  await expect(log.getByRole("listitem")).toHaveCount(2);
  await expect(log.getByRole("listitem").first()).toContainText("delivered");
  await log.getByRole("button", { name: "task.created" }).click();
  await expect(log.getByRole("region")).toContainText('"title": "Told of"');
  await cleanInBoth(page, "doors-webhook-log");

  listener.answer = 500;
  await machine.flightboard("add", "Not taken");
  const first = log.getByRole("listitem").first();
  await expect(first).toContainText("trying again");
  await expect(first).toContainText("it answered 500: not today");
  await expect(row).toContainText("1 failure in a row");
  await row.getByRole("button", { name: "Send a test The listener" }).click();
  await expect(page.getByText(/^The test did not arrive: it answered 500/)).toBeVisible();
  await expect(first).toContainText("given up");
  await cleanInBoth(page, "doors-webhook-failing");
  listener.answer = 200;
  await first.getByRole("button", { name: /^Send again/ }).click();
  await expect(first).toContainText("delivered");

  await row.getByRole("button", { name: "Pause The listener" }).click();
  await expect(row).toContainText("paused");
  await row.getByRole("button", { name: "Resume The listener" }).click();
  await row.getByRole("button", { name: "Edit The listener" }).click();
  await dialog(page).getByLabel("Make a new secret").check();
  await dialog(page).getByRole("button", { name: "Save" }).click();
  expect(await dialog(page).getByTestId("secret").innerText()).not.toBe(secret);
  await page.keyboard.press("Escape");
  await row.getByRole("button", { name: "Remove The listener" }).click();
  await dialog(page).getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("No webhook yet.")).toBeVisible();
});
