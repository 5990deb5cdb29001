// `npm run bindings`: writes ui/src/bindings.ts from the Rust types and commands. The tests only compare.

import { ensureInterface, ensureNodePackages, ensureRust } from "./build.mjs";
import { main, must, stepper } from "./say.mjs";
import { ensureSystemPackages, needs } from "./system.mjs";

await main(async () => {
  const step = stepper(5);
  await step("system packages", () => ensureSystemPackages(needs({ window: true })));
  await step("Rust toolchain", ensureRust);
  await step("npm packages", ensureNodePackages);
  // The window's crate carries the built interface, so it does not compile without one.
  await step("interface", ensureInterface);
  await step("bindings", async () => {
    const args = [
      "test",
      "-p",
      "flightboard-desktop",
      "--features",
      "custom-protocol",
      "the_generated_bindings_are_current",
    ];
    await must("cargo", args, "The lines above say why.", { show: true, env: { FLIGHTBOARD_WRITE_BINDINGS: "1" } });
    return "ui/src/bindings.ts is current";
  });
  return 0;
});
