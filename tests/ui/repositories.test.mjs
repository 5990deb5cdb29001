// The repositories of a project in its settings: added, refused, renamed, taken out, by a person in a browser against the
// real engine. With FLIGHTBOARD_PICTURES=DIR it leaves pictures of the screen there.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "./harness.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function noViolations(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

async function lookAt(page, name) {
  for (const theme of ["light", "dark"]) {
    await page.evaluate((to) => document.documentElement.setAttribute("data-theme", to), theme);
    const folder = process.env.FLIGHTBOARD_PICTURES;
    if (folder) await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
  }
}

test("repositories are added, refused in words, renamed and taken out, and a card's workspace has them", async ({
  page,
  machine,
}) => {
  const shop = await machine.repository("web shop");
  const api = await machine.repository("api");
  await machine.flightboard("project", "add", shop);
  await page.goto(new URL("/projects", page.url()).href);
  const row = page.getByTestId("project-web shop");
  await row.getByRole("button", { name: "Settings" }).click();
  await lookAt(page, "one");

  const path = row.getByRole("textbox", { name: "Folder of a further repository" });
  const add = row.getByRole("button", { name: "Add repository" });
  await path.fill(machine.home);
  await add.click();
  await expect(row.getByRole("alert")).toContainText("is not a git repository");
  await path.fill(shop);
  await add.click();
  await expect(row.getByRole("alert")).toContainText("is one of the repositories already");
  await lookAt(page, "refused");
  await noViolations(page);
  await path.fill(api);
  await add.click();
  await expect(path).toHaveValue("");
  await expect(row).toContainText("2 repositories");
  await expect(row.getByRole("checkbox", { name: "Work in the project’s own folder" })).toBeDisabled();

  const directory = row.getByRole("textbox", { name: `Directory of ${api}` });
  await expect(directory).toHaveValue("api");
  await directory.fill("web shop");
  await row.getByRole("button", { name: "Save api" }).click();
  await expect(row.getByRole("alert")).toContainText("“web shop” is taken by another repository");
  await directory.fill("server");
  await row.getByRole("button", { name: "Save api" }).click();
  await expect(row.getByTestId("repository-server")).toBeVisible();
  await lookAt(page, "two");
  await noViolations(page);

  await machine.flightboard("add", "Across both", "--project", "web shop");
  await machine.flightboard(
    ...["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c"],
    "echo more >> server/README.md; echo new > 'web shop/new.txt'",
  );
  await page.goto(new URL("/task/1?tab=changes", page.url()).href);
  await expect(page.getByText("README.md").first()).toBeVisible();
  await expect(page.getByText("new.txt").first()).toBeVisible();
  await lookAt(page, "changes");

  await page.goto(new URL("/projects", page.url()).href);
  await row.getByRole("button", { name: "Settings" }).click();
  await row.getByRole("button", { name: "Remove… server" }).click();
  const question = page.getByRole("dialog", { name: "Take server out of web shop?" });
  await expect(question).toContainText("Workspaces that exist keep their worktree of it");
  await lookAt(page, "question");
  await noViolations(page);
  await question.getByRole("button", { name: "Take it out" }).click();
  await expect(row.getByTestId("repository-server")).toHaveCount(0);
  await expect(row.getByRole("checkbox", { name: "Work in the project’s own folder" })).toBeEnabled();
});
