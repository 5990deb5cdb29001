// The agents page against the real engine: a program becomes an agent, is tried, runs a card, and goes and comes back.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "./harness.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const SCRIPT = `#!/bin/sh
[ "$1" = --version ] && { echo "scout 4.2.0"; exit; }
cp TASK.md artifacts/told.md
printf '%s' "$REGION $1" > artifacts/arguments.txt
echo Looked. > COMPLETION.md
`;

function scout(machine) {
  const folder = join(machine.folder, "tools");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "scout");
  writeFileSync(program, SCRIPT);
  chmodSync(program, 0o755);
  return program;
}

async function openAgents(page) {
  await page.goto(new URL("/agents", page.url()).href);
  await expect(page.getByRole("heading", { name: "Agents", level: 1 })).toBeVisible();
}

test("a program is added as an agent, tried, and works on a card as it was told to", async ({ page, machine }) => {
  const program = scout(machine);
  await openAgents(page);
  await page.getByRole("button", { name: "Add agent" }).click();
  const dialog = page.getByRole("dialog");
  await page.keyboard.type("scout");
  await dialog.getByLabel("Title").fill("The Scout");
  await dialog.getByLabel("Program").fill(program);
  await dialog.getByLabel("Tells its version by").fill("--version");
  await dialog.getByRole("button", { name: "Try it" }).click();
  await expect(dialog.getByRole("status")).toContainText("scout 4.2.0");
  await dialog.getByRole("button", { name: "Argument", exact: true }).click();
  await page.keyboard.type("--card={key}");
  await dialog.getByRole("button", { name: "Variable", exact: true }).click();
  await page.keyboard.type("REGION");
  await dialog.getByLabel("Where variable 1 comes from").selectOption("set");
  await dialog.getByLabel("Value of variable 1, stored in the clear").fill("eu");
  await dialog.getByLabel("Role", { exact: true }).selectOption("reviewer");
  await dialog.getByText("What a reviewer is told").click();
  await expect(dialog.getByText("VERDICT: APPROVED")).toBeVisible();
  await dialog.getByLabel("Skills").fill("rust deploy ");
  await dialog.getByLabel("Tasks at once").fill("0");
  await page.keyboard.press("Control+Enter");
  await expect(dialog.getByRole("alert")).toContainText("the capacity 0 is not possible");
  await dialog.getByLabel("Tasks at once").fill("2");
  await page.keyboard.press("Control+Enter");

  const row = page.getByTestId("agent-scout");
  await expect(row).toContainText("found");
  await expect(row).toContainText("4.2.0");
  await expect(row).toContainText("reviewer");
  await expect(row).toContainText("deploy");
  await machine.flightboard("add", "Have a look");
  await machine.flightboard("run", "1", "--agent", "scout", "--wait");
  const out = join(machine.folder, "out");
  await machine.flightboard("artifacts", "1", "--out", out);
  expect(readFileSync(join(out, "arguments.txt"), "utf8")).toBe("eu --card=T-1");
  expect(readFileSync(join(out, "told.md"), "utf8")).toContain("## Your role\n\nYou work here as: reviewer.");
});

test("an agent is edited, switched off, removed and brought back", async ({ page, machine }) => {
  const program = scout(machine);
  const register = [
    "agents",
    "register",
    "scout",
    "--program",
    program,
    "--skill",
    "rust",
    "--instructions",
    "Be brief.",
  ];
  const before = await machine.flightboard(...register);
  await openAgents(page);
  const row = page.getByTestId("agent-scout");
  await row.getByRole("button", { name: "Edit scout" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Name")).not.toBeEditable();
  await dialog.getByLabel("Skills").fill("docs ");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("docs");

  const choose = async (item) => {
    await row.getByRole("button", { name: "More for scout" }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await choose("Switch off");
  await expect(row).toContainText("switched off");
  await choose("Switch on");
  await expect(row).toContainText("found");
  await choose("Remove");
  await expect(row).toBeHidden();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(row).toContainText("docs");
  const after = (await machine.flightboard("agents", "list")).find((agent) => agent.name === "scout");
  const told = ({ profile, instructions, role, max_capacity }) => ({ profile, instructions, role, max_capacity });
  expect(told(after)).toEqual(told(before));
});

test("a heartbeat is seen as it comes in", async ({ page, machine }) => {
  await machine.flightboard("agents", "register", "puller");
  await openAgents(page);
  const row = page.getByTestId("agent-puller");
  await expect(row).toContainText("never seen");
  await machine.flightboard("agents", "heartbeat", "puller");
  await expect(row).toContainText("online");
});

for (const theme of ["dark", "light"]) {
  test(`the page and its dialog in ${theme} have nothing for axe to complain of`, async ({ page, machine }) => {
    await machine.flightboard("agents", "register", "scout", "--role", "planner", "--skill", "rust", "--env", "KEY");
    await page.emulateMedia({ colorScheme: theme });
    await openAgents(page);
    await expect(page.getByText("pty-host", { exact: true })).toBeVisible();
    await page.evaluate(AXE);
    const complaints = () =>
      page.evaluate(async () => {
        const found = await globalThis.axe.run(document, { resultTypes: ["violations"] });
        return found.violations.map(({ id, nodes }) => [id, nodes.map((node) => node.target.join(" "))]);
      });
    expect(await complaints()).toEqual([]);
    await page.getByTestId("agent-scout").getByRole("button", { name: "Edit scout" }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await complaints()).toEqual([]);
  });
}
