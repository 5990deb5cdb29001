// `npm run dev`: the window in development. Vite serves the interface with hot reload, the window loads it from there;
// both end together.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cargo, ensureInterface, ensureNodePackages, ensureRust, HEADLESS_PROGRAMS, nodeBin } from "./build.mjs";
import { main, ROOT, Stop, stepper } from "./say.mjs";
import { ensureSystemPackages, needs } from "./system.mjs";

await main(async () => {
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    throw new Stop("The development window needs a display. Without one, `npm start` serves the board to a browser.");
  }
  const step = stepper(5);
  await step("system packages", () => ensureSystemPackages(needs({ window: true })));
  await step("Rust toolchain", ensureRust);
  await step("npm packages", ensureNodePackages);
  await step("interface", ensureInterface);
  await step("programs", () => cargo(HEADLESS_PROGRAMS));
  return together(viteServer(), start("cargo", ["run", "-p", "flightboard-desktop"]));
});

function viteServer() {
  const { devUrl } = JSON.parse(readFileSync(join(ROOT, "src-tauri/tauri.conf.json"), "utf8")).build;
  // The window asks at this address and no other, so a taken port is an error.
  return start(process.execPath, [nodeBin("vite"), "ui", "--port", new URL(devUrl).port, "--strictPort"]);
}

function start(program, args) {
  return spawn(program, args, { cwd: ROOT, stdio: "inherit" });
}

/** The first to end takes the other with it; its exit code counts. */
function together(...children) {
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => children.map((child) => child.kill("SIGTERM")));
  return new Promise((done) => {
    for (const child of children) {
      child.on("close", (code) => {
        for (const other of children) other.kill("SIGTERM");
        done(code ?? 130);
      });
    }
  });
}
