// Whether a page is for everybody: nothing that axe knows of is wrong with it as it stands. A picture of it is kept in
// tests/ui/results/, to be looked at.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect } from "@playwright/test";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function clean(page, picture) {
  await page.screenshot({ path: `tests/ui/results/${picture}.png` });
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

export async function cleanInBoth(page, picture) {
  for (const theme of ["dark", "light"]) {
    await page.evaluate((to) => document.documentElement.setAttribute("data-theme", to), theme);
    await clean(page, `${picture}-${theme}`);
  }
}
