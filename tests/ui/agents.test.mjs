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

/** Speaks as Claude Code does: a turn that cost half a dollar and 1,500 tokens. */
const TURN = `#!/bin/sh
[ "$1" = --version ] && exit
echo '{"type":"system","subtype":"init","session_id":"5d1f2f0a-0000-4000-8000-000000000001","model":"m"}'
echo '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"5d1f2f0a-0000-4000-8000-000000000001","total_cost_usd":0.5,"usage":{"input_tokens":1000,"output_tokens":500,"cache_read_input_tokens":0,"cache_creation_input_tokens":0}}'
`;

test("load, success, spend and breaker of each agent stand on the page and follow its runs", async ({
  page,
  machine,
}) => {
  const programs = { spender: TURN, guesser: TURN.replace('"total_cost_usd":0.5,', ""), broken: "#!/bin/sh\nexit 3\n" };
  for (const [name, script] of Object.entries(programs)) {
    const program = join(machine.folder, name);
    writeFileSync(program, script, { mode: 0o755 });
    const kind = name === "broken" ? [] : ["--kind", "claude"];
    await machine.flightboard("agents", "register", name, "--program", program, "--breaker", "1/3600", ...kind);
  }
  await machine.flightboard("policy", "--price", "guesser=3/15");
  await openAgents(page);
  const row = (name) => page.getByTestId(`load-${name}`);
  await expect(row("spender")).toContainText("nothing ended yet");
  for (const [at, name] of ["spender", "spender", "guesser"].entries()) {
    await machine.flightboard("add", `Card ${at}`);
    await machine.flightboard("run", String(at + 1), "--agent", name, "--wait");
  }
  await machine.flightboard("add", "Breaks", "--queue", "--agent", "broken");
  await expect(row("spender")).toContainText("2 of 2 (100 %)");
  await expect(row("spender").getByText("$1.00")).toHaveCount(2);
  await expect(row("spender").getByText("3,000 tokens")).toHaveCount(2);
  await expect(row("guesser").getByText("$0.01 estimated")).toHaveCount(2);
  await expect(row("broken")).toContainText("0 of 1 (0 %)");
  await expect(row("broken")).toContainText("breaker open for broken, probe at");
  await page.getByRole("button", { name: "Try again now broken" }).focus();
  await page.keyboard.press("Enter");
  await expect(row("broken")).toContainText("takes work");
  for (const theme of ["dark", "light"]) {
    await page.evaluate((to) => document.documentElement.setAttribute("data-theme", to), theme);
    await page.screenshot({ path: `tests/ui/results/agents-loads-${theme}.png` });
  }
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
