// The interface in the system's own Chromium, served by `flightboard serve` with a data directory for each test.

import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);

export default defineConfig({
  testDir: ".",
  testMatch: "*.test.mjs",
  outputDir: "results",
  reporter: [["list"]],
  // Two would fight over a small machine's two cores, and every test runs agents of its own.
  workers: process.env.CI ? 1 : 2,
  fullyParallel: true,
  // A second try hides a race from whoever is at work on it; in continuous integration a false alarm costs more, and
  // `npm test` names at its end what passed on retry only.
  retries: process.env.CI ? 2 : 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    viewport: { width: 1440, height: 900 },
    launchOptions: { executablePath: CHROMIUM },
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
});
