// `npm start`: puts in what is missing, builds, and opens Flightboard. The debug profile is the default, because a
// first start then takes minutes instead of a quarter of an hour; `npm start -- --release` builds the fast one.
// Without a display (or with `--serve`) it starts the same board for a browser. Other arguments go to the program.

import { spawn } from "node:child_process";
import {
  cargo,
  ensureInterface,
  ensureNodePackages,
  ensureRust,
  HEADLESS_PROGRAMS,
  program,
  WINDOW_PROGRAM,
} from "./build.mjs";
import { bold, main, Stop, stepper } from "./say.mjs";
import { ensureSystemPackages, needs } from "./system.mjs";

const given = process.argv.slice(2);
const profile = given.includes("--release") ? "release" : "debug";
const window = hasDisplay() && !given.includes("--serve");
const passedOn = given.filter((argument) => argument !== "--release" && argument !== "--serve");

await main(async () => {
  const step = stepper(5);
  await step("system packages", () => ensureSystemPackages(needs({ window })));
  await step("Rust toolchain", ensureRust);
  await step("npm packages", ensureNodePackages);
  await step("interface", ensureInterface);
  await step("programs (the first build takes some minutes)", async () => {
    await cargo(HEADLESS_PROGRAMS, profile);
    return window ? cargo(WINDOW_PROGRAM, profile) : "ready";
  });
  return window ? open("flightboard-desktop", passedOn) : serve();
});

function serve() {
  console.log(
    bold("\nNo window here: the board opens in a browser, at the address below. Ctrl-C ends it; agents go on.\n"),
  );
  return open("flightboard", ["serve", ...passedOn]);
}

/** Hands the terminal to the program, and ends with its exit code. */
function open(name, args) {
  return new Promise((done, failed) => {
    const child = spawn(program(name, profile), args, { stdio: "inherit" });
    // On a terminal Ctrl-C reaches the child by itself: we only must not die before it has ended. Signals sent to
    // this process alone (a service manager, `kill`) are handed on.
    process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    process.on("SIGHUP", () => child.kill("SIGHUP"));
    child.on("error", (error) => failed(new Stop(`${name} could not be started: ${error.message}`)));
    child.on("close", (code, signal) => done(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}

function hasDisplay() {
  return process.platform !== "linux" || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}
